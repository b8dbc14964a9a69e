"""Tokenizes text into comparable words, and finds numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from text_to_num import find_numbers  # type: ignore[import-untyped]

T = TypeVar("T")

_TOKEN = re.compile(
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,2}:\d\d|\d*\.\d+|\d+"
    r"|[^\W\d_]+(?:['’][^\W\d_]+)*|[-+*/×÷^%=()−√°]"
)
_SYMBOLS = {
    "+": "plus", "*": "times", "×": "times", "/": "over", "÷": "over", "^": "power",
    "%": "percent", "-": "minus", "−": "minus", "√": "root", "°": "degrees", "=": "equals",
}  # fmt: skip
_ENDINGS = {
    "n't": "not",
    "'re": "are",
    "'ll": "will",
    "'m": "am",
    "'ve": "have",
    "'d": "would",
}
_WHOLE = {
    "can't": ("can", "not"), "won't": ("will", "not"), "cannot": ("can", "not"),
    "o'clock": ("oclock",), "let's": ("let", "us"), "gonna": ("going", "to"),
    "wanna": ("want", "to"), "mum": ("mom",), "colour": ("color",), "favourite": ("favorite",),
    "ok": ("okay",), "alright": ("all", "right"), "whats": ("what", "is"), "im": ("i", "am"),
}  # fmt: skip
_IS = {"what", "who", "where", "when", "how", "it", "that", "there", "he", "she", "here"}
Numbers = dict[int, tuple[int, float]]
"""Numbers by position: {index of the first word: (index after the last, value)}."""

_MULTIPLIERS = {"hundred": 100, "thousand": 1e3, "million": 1e6, "billion": 1e9, "dozen": 12}


@dataclass(frozen=True, slots=True)
class Word:
    """One word, normalized and as written."""

    text: str
    raw: str
    """Empty for the second half of a contraction."""


class _Spelled:
    """A word in the form that text_to_num expects."""

    def __init__(self, word: Word) -> None:
        self._text = word.text

    def text(self) -> str:
        return self._text

    def nt_separated(self, previous: object) -> bool:  # noqa: ARG002  the library's signature
        return False

    def not_a_number_part(self) -> bool:
        return False


def split(text: str) -> tuple[Word, ...]:
    """Split a text into words."""
    text = re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])", " ", text)
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text, flags=re.IGNORECASE)
    return tuple(word for raw in _TOKEN.findall(text) for word in _words(raw))


def _words(raw: str) -> list[Word]:
    text = raw.lower().replace("’", "'")
    parts = _WHOLE.get(text) or _parts(text)
    return [Word(part, "" if at else raw) for at, part in enumerate(parts)]


def _parts(text: str) -> tuple[str, ...]:
    if text in _SYMBOLS:
        return (_SYMBOLS[text],)
    if text.endswith("'s") and text[:-2] in _IS:
        return (text[:-2], "is")
    for ending, word in _ENDINGS.items():
        if text.endswith(ending) and len(text) > len(ending):
            return (text.removesuffix(ending), word)
    return (text,)


def as_written(words: Sequence[Word]) -> str:
    """Return the text of a range of words, as written."""
    return " ".join(word.raw for word in words if word.raw)


def texts(words: Sequence[Word], at: int, count: int) -> tuple[str, ...]:
    """Return the texts of `count` words from one on; shorter at the end, so that they equal no
    phrase."""
    return tuple(word.text for word in words[at : at + count])


def phrase_at(
    words: Sequence[Word], at: int, phrases: Mapping[tuple[str, ...], T], longest: int = 4
) -> tuple[int, T] | None:
    """Return the longest phrase that begins at a word: the index after it and its meaning."""
    for length in range(min(longest, len(words) - at), 0, -1):
        if (found := phrases.get(texts(words, at, length))) is not None:
            return at + length, found
    return None


def numbers_in(words: Sequence[Word]) -> Numbers:
    """Return the numbers, spelled or in digits; ordinals are dates, not numbers."""
    found = _found(words, ordinal=False)
    for at, word in enumerate(words):
        if (word.text[0].isdigit() or word.text[0] == ".") and ":" not in word.text:
            found[at] = (at + 1, float(word.text.replace(",", "")))
    return {at: _extended(words, end, value) for at, (end, value) in found.items()}


def ordinals_in(words: Sequence[Word]) -> Numbers:
    """Return the ordinals: second, twenty fourth."""
    return _found(words, ordinal=True)


def _found(words: Sequence[Word], *, ordinal: bool) -> Numbers:
    return {
        match.start: (match.end, float(match.value))
        for match in find_numbers([_Spelled(word) for word in words], "en", threshold=0)
        if match.is_ordinal is ordinal
    }


def _extended(words: Sequence[Word], end: int, value: float) -> tuple[int, float]:
    """Extend a number: 3 million, two and a half."""
    while end < len(words) and words[end].text in _MULTIPLIERS:
        value, end = value * _MULTIPLIERS[words[end].text], end + 1
    if [word.text for word in words[end : end + 3]] == ["and", "a", "half"]:
        return end + 3, value + 0.5
    return end, value
