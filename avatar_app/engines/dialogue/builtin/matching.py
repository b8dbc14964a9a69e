"""Fuzzy intent matching: aligns an utterance with patterns, tolerating misheard words.

The alignment is an edit distance between the items of a pattern and the words said: a word costs as
much as it is unlike the pattern's, two words may be one that was torn apart, a slot takes what its
kind can hold. A cheap lower bound of each pattern's cost decides which are aligned at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from jellyfish import metaphone
from rapidfuzz import fuzz, process

from avatar_app.engines.dialogue.builtin.patterns import ARTICLES, LIGHT, STRANGERS, Item, Pattern
from avatar_app.engines.dialogue.builtin.slots import TEXT, Spans
from avatar_app.engines.dialogue.builtin.words import Word, as_written

UNLIKE = 0.4
"""Similarity below which two words are unrelated."""
SOUNDING = 0.92
"""Similarity of two words that sound the same."""
STRICTNESS = 1.6
"""How much faster than its similarity a word's value falls."""
EXTRA, LIGHT_EXTRA, STRANGER_EXTRA = 0.75, 0.2, 1.0
"""Costs of an extra word."""
FREE = 0.05
"""Cost of free text, times the root of its length, so that meaningful words are preferred."""
TORN = 0.4
"""Maximum cost at which two words may be one that was split."""
SLACK = 0.25
"""Added to a pattern's weight, so that very short patterns are not all or nothing."""

LONGEST_SLOT = 9
"""Maximum words of a slot other than free text."""
USELESS = 0.6
"""Score below which a match is discarded."""

Bound = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The most likely meaning."""

    intent: str
    score: float
    """1: exactly as in the pattern."""
    slots: Mapping[str, Any]


class Matcher:
    """Compares utterances with all patterns."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.patterns = tuple(patterns)
        words = {item.word for pattern in self.patterns for item in pattern.items}
        self._vocabulary = sorted(words - {""})
        self._sounds = [_sound(word) for word in self._vocabulary]
        self.index = {word: at for at, word in enumerate(self._vocabulary)}
        literals = [
            (row, self.index[item.word], item.loss)
            for row, pattern in enumerate(self.patterns)
            for item in pattern.items
            if item.word
        ]
        rows, columns, losses = zip(*literals, strict=True)
        self._rows, self._columns = np.array(rows), np.array(columns)
        self._losses = np.array(losses)
        self._totals = np.array([pattern.weight + SLACK for pattern in self.patterns])
        self._room = np.array([_room(pattern) for pattern in self.patterns])

    def compare(self, words: Sequence[Word]) -> Comparison:
        """Compare an utterance of at least one word with all patterns."""
        heard = [word.text for word in words]
        costs = self._costs(heard + [first + second for first, second in pairwise(heard)])
        lost = self._losses * costs.min(axis=1)[self._columns]
        missing = np.bincount(self._rows, weights=lost, minlength=len(self.patterns))
        extra = LIGHT_EXTRA * np.maximum(0, len(words) - self._room)
        bounds = 1 - (missing + extra) / self._totals
        return Comparison(self, bounds, _Aligner(words, costs.tolist(), self.index))

    def _costs(self, heard: Sequence[str]) -> Any:
        """Return the cost of each heard word for each word of the patterns, as a share of its
        weight."""
        written = process.cdist(self._vocabulary, heard, scorer=fuzz.ratio, dtype=np.float32)
        sounds = [_sound(word) for word in heard]
        sounding = process.cdist(self._sounds, sounds, scorer=fuzz.ratio, dtype=np.float32)
        likeness = np.maximum(written, np.float32(SOUNDING) * sounding) / np.float32(100)
        costs = np.minimum(1.0, STRICTNESS * (1 - likeness))
        return np.where(likeness < UNLIKE, 1.0, costs).astype(np.float32)


def _sound(word: str) -> str:
    """Return the consonants as they sound; a single one is not significant. Metaphone writes the
    sound of “th” as a zero, which is like no digit of a number."""
    sound: str = metaphone(word).replace("0", "θ")
    return sound if len(sound) > 1 else word


def _room(pattern: Pattern) -> float:
    """Return how many words a pattern can contain at most without extra ones."""
    if any(item.kind == TEXT for item in pattern.items):
        return np.inf
    return sum(LONGEST_SLOT if item.slot else 2 for item in pattern.items)


class Comparison:
    """One utterance, compared with all patterns."""

    def __init__(self, matcher: Matcher, bounds: Any, aligner: _Aligner) -> None:
        self._patterns = matcher.patterns
        self._bounds = bounds
        near = np.flatnonzero(bounds >= USELESS)
        self._order = near[np.argsort(-bounds[near], kind="stable")].tolist()
        self._aligner = aligner

    def best(self, allowed: Collection[str]) -> Match | None:
        """Return the best match among the allowed intents; None where nothing is close."""
        best = None
        for row in self._order:
            if best is not None and self._bounds[row] <= best.score:
                break
            if self._patterns[row].intent in allowed:
                match = self._aligner.align(self._patterns[row])
                if match is not None and match.score > (best.score if best else USELESS):
                    best = match
        return best


_Path = tuple[float, Bound]
"""The cheapest alignment of some items with some words: its cost, and the values of the slots."""
_Row = list[_Path | None]


class _Aligner:
    """Aligns patterns with one utterance."""

    def __init__(
        self, words: Sequence[Word], costs: list[list[float]], index: Mapping[str, int]
    ) -> None:
        self._spans = Spans(words)
        self._words = words
        self._costs = costs
        self._index = index
        self._extra = [_extra(word.text) for word in words]
        self._start = self._skipping([(0.0, ()), *([None] * len(words))])

    def align(self, pattern: Pattern) -> Match | None:
        """Return the alignment; None where a slot of the pattern is not found."""
        if any(item.slot and not self._fits(item) for item in pattern.items):
            return None
        row = self._start
        for item in pattern.items:
            row = self._step(row, item, last=item is pattern.items[-1])
        if row[-1] is None:
            return None
        cost, bound = row[-1]
        slots = {name: self._value(value) for name, value in bound}
        return Match(pattern.intent, 1 - cost / (pattern.weight + SLACK), slots)

    def _fits(self, item: Item) -> bool:
        return item.kind == TEXT or bool(self._spans.of(item.kind))

    def _value(self, value: Any) -> Any:
        return as_written(self._words[value]) if isinstance(value, slice) else value

    def _step(self, row: _Row, item: Item, *, last: bool) -> _Row:
        if item.kind == TEXT:
            return self._text(row, item, last=last)
        return self._skipping(self._slot(row, item) if item.slot else self._word(row, item))

    def _skipping(self, row: _Row) -> _Row:
        """Skip words that the pattern does not have."""
        for at, extra in enumerate(self._extra):
            if (path := row[at]) is not None:
                _offer(row, at + 1, path[0] + extra, path[1])
        return row

    def _word(self, row: _Row, item: Item) -> _Row:
        costs, count = self._costs[self._index[item.word]], len(self._words)
        following: _Row = [None] * len(row)
        for at, path in enumerate(row):
            if path is None:
                continue
            cost, bound = path
            _offer(following, at, cost + item.loss, bound)
            if at < count:
                _offer(following, at + 1, cost + item.loss * costs[at], bound)
            if at + 1 < count and costs[count + at] < TORN:
                _offer(following, at + 2, cost + item.loss * costs[count + at] + FREE, bound)
        return following

    def _slot(self, row: _Row, item: Item) -> _Row:
        following: _Row = [None] * len(row)
        for at, (end, value) in self._spans.of(item.kind).items():
            if (path := row[at]) is not None:
                _offer(following, end, path[0], (*path[1], (item.slot, value)))
        return following

    def _text(self, row: _Row, item: Item, *, last: bool) -> _Row:
        """Match free text: any words; at the end of a pattern all remaining ones."""
        following: _Row = [None] * len(row)
        for start, path in enumerate(row[:-1]):
            if path is None:
                continue
            for end in range(len(row) - 1 if last else start + 1, len(row)):
                if end > start + 1 or self._words[start].text not in ARTICLES:
                    cost = path[0] + FREE * (end - start) ** 0.5
                    _offer(following, end, cost, (*path[1], (item.slot, slice(start, end))))
        return following


def _extra(word: str) -> float:
    if word in STRANGERS:
        return STRANGER_EXTRA
    return LIGHT_EXTRA if word in LIGHT else EXTRA


def _offer(row: _Row, at: int, cost: float, bound: Bound) -> None:
    known = row[at]
    if known is None or cost < known[0]:
        row[at] = (cost, bound)
