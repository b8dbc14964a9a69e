"""Finds what was meant: aligns an utterance with patterns, forgiving what was misheard.

The alignment is an edit distance between the items of a pattern and the words said: a word costs as
much as it is unlike the pattern's, two words may be one that was torn apart, a slot takes what its
kind can hold. A cheap lower bound of each pattern's cost decides which are aligned at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process

from avatar_app.engines.dialogue.embedded.patterns import LIGHT, Item, Pattern
from avatar_app.engines.dialogue.embedded.slots import TEXT, Spans
from avatar_app.engines.dialogue.embedded.words import Word, as_written

UNLIKE = 0.6
"""Similarity below which two words have nothing to do with each other."""
STRICTNESS = 1.6
"""How much faster than its similarity a word's value falls."""
EXTRA, LIGHT_EXTRA, FREE = 0.75, 0.2, 0.05
"""What a word said too much costs: any word, a light one, each word of free text."""
SLACK = 0.25
"""Added to a pattern's weight, so that very short patterns are not all or nothing."""

Bound = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What was meant, most likely."""

    intent: str
    score: float
    """1: said exactly as in the pattern."""
    slots: Mapping[str, Any]


class Matcher:
    """Compares utterances with all patterns."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = tuple(patterns)
        vocabulary = {item.word for pattern in self._patterns for item in pattern.items}
        self._vocabulary = sorted(vocabulary - {""})
        self._index = {word: at for at, word in enumerate(self._vocabulary)}
        self._weights = np.zeros((len(self._patterns), len(self._vocabulary)), np.float32)
        for row, pattern in enumerate(self._patterns):
            for item in pattern.items:
                if item.word:
                    self._weights[row, self._index[item.word]] += item.weight
        self._totals = np.array([pattern.weight + SLACK for pattern in self._patterns], np.float32)

    def best(self, words: Sequence[Word], allowed: Iterable[str] | None = None) -> Match | None:
        """The best match among the allowed intents; all are, where None is given."""
        matches = self.matches(words, allowed)
        return max(matches, key=lambda match: match.score, default=None)

    def matches(self, words: Sequence[Word], allowed: Iterable[str] | None = None) -> list[Match]:
        """The best and what comes near it."""
        if not words:
            return []
        heard = [word.text for word in words]
        pairs = [first + second for first, second in pairwise(heard)]
        likeness = process.cdist(self._vocabulary, heard + pairs, scorer=fuzz.ratio) / 100
        bounds = 1 - self._weights @ _cost(likeness).min(axis=1) / self._totals
        aligner = _Aligner(Spans(words), likeness, self._index)
        return self._aligned(aligner, bounds, None if allowed is None else frozenset(allowed))

    def _aligned(
        self, aligner: _Aligner, bounds: Any, allowed: frozenset[str] | None
    ) -> list[Match]:
        found: list[Match] = []
        best = 0.5
        for row in np.argsort(-bounds, kind="stable"):
            if bounds[row] < best - 0.02:
                break
            pattern = self._patterns[row]
            if allowed is not None and pattern.intent not in allowed:
                continue
            match = aligner.align(pattern)
            if match is not None and match.score > 0.5:
                found.append(match)
                best = max(best, match.score)
        return found


def _cost(likeness: Any) -> Any:
    """The share of a word's weight that is lost, by how alike the words are."""
    return np.where(likeness < UNLIKE, 1.0, np.minimum(1.0, STRICTNESS * (1 - likeness)))


@dataclass(frozen=True, slots=True)
class _Path:
    """The cheapest way to align some items with some words."""

    cost: float
    bound: Bound = ()


class _Aligner:
    """Aligns patterns with one utterance."""

    def __init__(self, spans: Spans, likeness: Any, index: Mapping[str, int]) -> None:
        self._spans = spans
        self._words = spans.words
        self._costs = _cost(likeness).tolist()
        self._index = index
        self._extra = [LIGHT_EXTRA if word.text in LIGHT else EXTRA for word in self._words]

    def align(self, pattern: Pattern) -> Match | None:
        """None where a slot of the pattern finds nothing."""
        row: list[_Path | None] = [_Path(0.0)]
        row = self._skipping([*row, *([None] * len(self._words))])
        row = reduce(self._step, pattern.items, row)
        last = row[-1]
        if last is None:
            return None
        score = 1 - last.cost / (pattern.weight + SLACK)
        return Match(pattern.intent, score, dict(last.bound))

    def _step(self, row: list[_Path | None], item: Item) -> list[_Path | None]:
        if item.kind == TEXT:
            return self._text(row, item)
        following = self._slot(row, item) if item.slot else self._word(row, item)
        return self._skipping(following)

    def _skipping(self, row: list[_Path | None]) -> list[_Path | None]:
        """Words may be said that the pattern does not have."""
        for at, extra in enumerate(self._extra):
            if (path := row[at]) is not None:
                _offer(row, at + 1, _Path(path.cost + extra, path.bound))
        return row

    def _word(self, row: list[_Path | None], item: Item) -> list[_Path | None]:
        costs, count = self._costs[self._index[item.word]], len(self._words)
        following: list[_Path | None] = [None] * len(row)
        for at, path in enumerate(row):
            if path is None:
                continue
            _offer(following, at, _Path(path.cost + item.weight, path.bound))
            if at < count:
                _offer(following, at + 1, _Path(path.cost + item.weight * costs[at], path.bound))
            if at + 1 < count:
                torn = item.weight * costs[count + at] + 0.05
                _offer(following, at + 2, _Path(path.cost + torn, path.bound))
        return following

    def _slot(self, row: list[_Path | None], item: Item) -> list[_Path | None]:
        following: list[_Path | None] = [None] * len(row)
        spans = self._spans.of(item.kind)
        for at, path in enumerate(row):
            if path is not None and at in spans:
                end, value = spans[at]
                _offer(following, end, _Path(path.cost, (*path.bound, (item.slot, value))))
        return following

    def _text(self, row: list[_Path | None], item: Item) -> list[_Path | None]:
        following: list[_Path | None] = [None] * len(row)
        for start, path in enumerate(row):
            for end in range(start + 1, len(row)) if path is not None else ():
                text = as_written(self._words[start:end])
                if text:
                    cost = path.cost + FREE * (end - start) ** 0.5
                    _offer(following, end, _Path(cost, (*path.bound, (item.slot, text))))
        return following


def _offer(row: list[_Path | None], at: int, path: _Path) -> None:
    known = row[at]
    if known is None or path.cost < known.cost:
        row[at] = path
