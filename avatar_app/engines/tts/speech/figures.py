"""Parses written figures: separators of thousands and decimals, groups of digits, fractions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import normalize

PLAIN = r"\d{1,3}(?:[.,'’]\d{3})+(?:[.,]\d+)?|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?|\d+(?:[.,]\d+)?"
"""A number; its thousands as in Europe and America, or as in India."""
VULGAR = re.compile(r"(?P<whole>\d*)(?P<part>[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])")
"""A fraction that is one character."""
_FIRST_GROUP = re.compile(r"([€$£¥(+−-]*)(\d{1,3})")
_GROUP = re.compile(r"\d{3}")
_LAST_GROUP = re.compile(r"(\d{3}(?:[.,]\d+)?)([^\d\s]*)")


def value_of(number: str, thousands: str) -> str:
    """Return a number of the form PLAIN without separators of thousands, with a decimal point.

    The last of two different separators is the decimal point, and one that comes twice is none; a
    single one before three digits is what the language has it for (`thousands`).
    """
    number = number.replace("'", "").replace("’", "")
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return number
    mark = number[last]
    alone = mark == thousands and re.fullmatch(r"\d{1,3}[.,]\d{3}", number)
    if number.count(mark) > 1 or alone:
        return re.sub("[.,]", "", number)
    return f"{re.sub('[.,]', '', number[:last])}.{number[last + 1 :]}"


def parts_of_fraction(sign: str) -> tuple[int, int]:
    """Return the numerator and the denominator of “½”."""
    above, _, below = normalize("NFKC", sign).partition("\u2044")
    return int(above), int(below)


def joined_groups(texts: Sequence[str]) -> list[str]:
    """Return the texts with numbers whose thousands stand apart (“1 299,00”) in the first of their
    places; the others are empty."""
    joined = list(texts)
    at = 0
    while at < len(texts):
        first = _FIRST_GROUP.fullmatch(texts[at])
        end = at + 1
        while first and end < len(texts) and _GROUP.fullmatch(texts[end]):
            end += 1
        last = _LAST_GROUP.fullmatch(texts[end]) if first and end < len(texts) else None
        end += last is not None
        if first and end > at + 1:
            joined[at : at + 1] = ["".join(texts[at:end])]
            joined[at + 1 : end] = [""] * (end - at - 1)
        at = end
    return joined
