"""Extracts slot values: numbers, durations, moments, units and free text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from rapidfuzz import fuzz, process

from avatar_app.engines.dialogue.builtin.dates import date_at
from avatar_app.engines.dialogue.builtin.sums import expression_at, operation_at
from avatar_app.engines.dialogue.builtin.times import duration_at, when_at
from avatar_app.engines.dialogue.builtin.words import Numbers, Word, numbers_in

TEXT = "text"
"""The slot for any words."""
Span = tuple[int, Any]
"""The index after the last word, and the value."""
_Finder = Callable[[Sequence[Word], int, Numbers], Span | None]
_ALIKE = 86
"""Percent similarity: "kilo meter" counts as "kilometer", but "mine" not as "mile"."""


class Spans:
    """All slot values in one utterance, computed on first use."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        self._numbers = numbers_in(words)
        self._known: dict[str, dict[int, Span]] = {}

    def of(self, slot: str) -> Mapping[int, Span]:
        """Return {index of the first word: span} of a kind of slot."""
        if slot not in self._known:
            finder = _FINDERS[slot]
            found = ((at, finder(self.words, at, self._numbers)) for at in range(len(self.words)))
            self._known[slot] = {at: span for at, span in found if span is not None}
        return self._known[slot]


def _number_at(words: Sequence[Word], at: int, numbers: Numbers) -> Span | None:
    if words[at].text in ("minus", "negative") and at + 1 in numbers:
        end, value = numbers[at + 1]
        return end, -value
    if at in numbers:
        return numbers[at]
    following = tuple(word.text for word in words[at : at + 2])
    if following in (("half", "a"), ("half", "an")):
        return at + 2, 0.5
    return (at + 1, 1.0) if words[at].text in ("a", "an") else None


def _unit_at(words: Sequence[Word], at: int, _: Numbers) -> Span | None:
    names = _unit_names()
    for length in (3, 2, 1):
        text = " ".join(word.text for word in words[at : at + length])
        if len(words[at : at + length]) == length and text in names:
            return at + length, names[text]
    for length in (2, 1):
        text = "".join(word.text for word in words[at : at + length])
        alike = process.extractOne(text, names, scorer=fuzz.ratio, score_cutoff=_ALIKE)
        if alike and len(text) > 4 and len(words[at : at + length]) == length:
            return at + length, names[alike[0]] if alike[0] in names else alike[2]
    return None


@cache
def _units() -> dict[str, list[str]]:
    path = Path(__file__).with_name("units.yaml")
    units: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return units


@cache
def _unit_names() -> dict[str, str]:
    names = {name: unit for unit, others in _units().items() for name in others}
    return names | {unit.replace("_", " "): unit for unit in _units() if "/" not in unit}


def spoken_unit(unit: str, amount: float) -> str:
    """Return the unit's name as spoken after a number."""
    return unit.replace("_", " ") if amount == 1 and "/" not in unit else _units()[unit][0]


_FINDERS: dict[str, _Finder] = {
    "number": _number_at,
    "duration": duration_at,
    "when": when_at,
    "date": date_at,
    "expression": expression_at,
    "operation": operation_at,
    "unit": _unit_at,
}
KINDS = frozenset(_FINDERS) | {TEXT}
