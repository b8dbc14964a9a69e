"""Parses intent patterns: words, [optional], needed!, (this|that), and {slots}."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from avatar_app.engines.dialogue.builtin.slots import KINDS
from avatar_app.engines.dialogue.builtin.words import split

_ITEM = re.compile(r"\{(\w+)(?::(\w+))?\}|\[([^\]]+)\]|([^\s\[\]{}]+)")
_CHOICE = re.compile(r"\(([^()]*)\)")

LIGHT = frozenset(
    (
        "a", "an", "the", "to", "me", "i", "you", "is", "are", "am", "was", "do", "does", "did",
        "it", "of", "in", "on", "at", "for", "and", "or", "so", "that", "this", "my", "your",
        "be", "can", "could", "would", "will", "please", "just", "now", "with", "as", "up",
        "by", "have", "has", "there", "here",
    )
)  # fmt: skip
"""Words with little meaning, which recognizers confuse most."""


ARTICLES = frozenset({"a", "an", "the", "my"})
"""Articles, which are not free text by themselves."""
LIGHT_WEIGHT, OPTIONAL_WEIGHT, NEEDED_LOSS = 0.35, 0.03, 2.0
WEIGHTS = {
    "expression": 2.5,
    "operation": 1.5,
    "unit": 1.3,
    "duration": 1.5,
    "text": 0.4,
    "number": 0.6,
}
"""How much a filled slot counts for its pattern; 1 by default."""
STRANGERS = frozenset({"he", "she", "they", "we", "it", "his", "her", "him", "them", "us", "our"})
"""Words that refer to other people, and so do not give orders."""


@dataclass(frozen=True, slots=True)
class Item:
    """One word of a pattern, or one slot."""

    word: str = ""
    slot: str = ""
    """The slot's name; empty for a word."""
    kind: str = ""
    weight: float = 1.0
    """How much it counts for its pattern."""
    loss: float = 0.0
    """The cost of the missing word."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to say something."""

    intent: str
    items: tuple[Item, ...]
    weight: float
    """The sum of the weights of its items."""


def read(intent: str, lines: Iterable[str]) -> Iterator[Pattern]:
    """Parse all patterns in the lines."""
    for line in lines:
        for variant in _variants(line):
            items = tuple(_items(variant))
            yield Pattern(intent, items, sum(item.weight for item in items))


def _variants(line: str) -> Iterator[str]:
    choice = _CHOICE.search(line)
    if choice is None:
        yield line
        return
    for option in choice[1].split("|"):
        yield from _variants(line[: choice.start()] + option + line[choice.end() :])


def _items(variant: str) -> Iterator[Item]:
    for name, kind, optional, word in _ITEM.findall(variant):
        if name:
            if (kind or name) not in KINDS:
                raise ValueError(f"unknown kind of slot {kind or name!r}")
            yield Item(slot=name, kind=kind or name, weight=WEIGHTS.get(kind or name, 1.0))
        else:
            yield from _words(optional or word, optional=bool(optional))


def _words(text: str, *, optional: bool) -> Iterator[Item]:
    needed = text.endswith("!")
    for word in split(text.rstrip("!")):
        usual = LIGHT_WEIGHT if word.text in LIGHT and not needed else 1.0
        weight = OPTIONAL_WEIGHT if optional else usual
        yield Item(word=word.text, weight=weight, loss=NEEDED_LOSS if needed else weight)
