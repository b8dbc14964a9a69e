"""Reads telephone numbers digit by digit, with pauses between groups."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_GROUP = r"\(?\d{2,5}\)?"
_NUMBER = re.compile(
    r"(?<![\w.,$€£/-])(?:"
    r"\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){1,5}"  # +49 30 123456, +1-555-123-4567, +4915112345678
    rf"|\(\d{{2,5}}\)[ -]?\d{{3,4}}(?:[ .-]{_GROUP}){{0,2}}"  # (555) 123-4567
    r"|\d{3}([ .-])\d{3}\1\d{4}"  # 555-123-4567
    r"|\d{3}-\d{4}"  # 555-1234
    rf"|0\d{{1,4}}[ /-]\d{{3,8}}(?:[ -]{_GROUP}){{0,3}}"  # 030-1234567, 0151/2345678
    r")(?![\w/-]|[.,]\d)"
)
_FEWEST, _MOST = 7, 15
"""Smallest and largest number of digits of a telephone number (ITU-T E.164)."""
_GROUPS = re.compile(r"\+|\d+")
_BEHIND = re.compile(r"[.,;:!?\"'”’»)\]]*$")


def spoken_numbers(texts: Sequence[str], digit: Callable[[str], str], plus: str) -> dict[int, str]:
    """Return the spoken forms of those of `texts` that are (parts of) telephone numbers, by
    index."""
    starts, length = [], 0
    for text in texts:
        starts.append(length)
        length += len(text) + 1
    said: dict[int, str] = {}
    for match in _NUMBER.finditer(" ".join(texts)):
        if _FEWEST <= sum(sign.isdecimal() for sign in match[0]) <= _MOST:
            for index, start in enumerate(starts):
                if start < match.end() and start + len(texts[index]) > match.start():
                    said[index] = _read(texts[index], digit, plus)
    return said


def _read(text: str, digit: Callable[[str], str], plus: str) -> str:
    groups = [
        plus if group == "+" else " ".join(digit(figure) for figure in group)
        for group in _GROUPS.findall(text)
    ]
    words = ", ".join(groups).replace(f"{plus}, ", f"{plus} ")
    ending = _BEHIND.search(text)
    mark = ending[0].lstrip(")") if ending else ""
    return words + (mark or ",")
