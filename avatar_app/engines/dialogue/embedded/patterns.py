"""Reads the patterns of an intent: words, [optional words], (this|that), and {slots}."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from avatar_app.engines.dialogue.embedded.slots import KINDS
from avatar_app.engines.dialogue.embedded.words import split

_ITEM = re.compile(r"\{(\w+)(?::(\w+))?\}|\[([^\]]+)\]|([^\s\[\]{}]+)")
_CHOICE = re.compile(r"\(([^()]*)\)")

LIGHT = frozenset(
    (
        *("a", "an", "the", "to", "me", "i", "you", "is", "are", "am", "was", "do", "does", "did"),
        *("it", "of", "in", "on", "at", "for", "and", "or", "so", "that", "this", "my", "your"),
        *("be", "can", "could", "would", "will", "please", "just", "now", "with", "as", "up"),
        *("by", "we", "us", "have", "has", "there", "here"),
    )
)
"""Words that carry little meaning, and that recognisers confuse most."""


@dataclass(frozen=True, slots=True)
class Item:
    """One word of a pattern, or one slot."""

    word: str = ""
    slot: str = ""
    """The slot's name; empty for a word."""
    kind: str = ""
    weight: float = 1.0
    """What it costs when it is missing."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to say something."""

    intent: str
    items: tuple[Item, ...]
    weight: float
    """The sum of what its items weigh."""


def read(intent: str, lines: Iterable[str]) -> Iterator[Pattern]:
    """All patterns that the lines describe."""
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
                raise ValueError(f"there is no kind of slot called {kind or name!r}")
            yield Item(slot=name, kind=kind or name)
        else:
            yield from _words(optional or word, bool(optional))


def _words(text: str, optional: bool) -> Iterator[Item]:
    for word in split(text):
        weight = 0.03 if optional else 0.35 if word.text in LIGHT else 1.0
        yield Item(word=word.text, weight=weight)
