"""Cuts a spoken phrase into chunks, at words' borders where it can, and dates what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from avatar_app.core.values import AudioChunk, MouthShape, Samples, SpeechChunk, Viseme, Word
from avatar_app.engines.tts.espeak.library import RATE
from avatar_app.engines.tts.espeak.visemes import ShapeAt
from avatar_app.engines.tts.espeak.words import WordAt

_LONGEST = RATE // 2
_SHORTEST = RATE // 10


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """A phrase in sound. All times are samples from its start."""

    samples: Samples
    words: list[WordAt]
    mouth: list[ShapeAt]
    """In order; the mouth is closed before the first."""

    def chunks(self, start: int) -> Iterator[SpeechChunk]:
        """Pieces of about half a second; `start` is the phrase's place in the speech."""
        edges = self._edges()
        for begin, end in pairwise(edges):
            last = end == len(self.samples)
            words = [
                word for word in self.words if begin <= word.start and (last or word.start < end)
            ]
            yield SpeechChunk(
                AudioChunk(self.samples[begin:end], RATE, start + begin),
                " ".join(word.token for word in words),
                tuple(_word(word, begin) for word in words),
                tuple(self._visemes(begin, end)),
            )

    def _words(self, begin: int, end: int) -> list[WordAt]:
        last = end == len(self.samples)
        return [word for word in self.words if begin <= word.start and (word.start < end or last)]

    def _edges(self) -> list[int]:
        edges, total = [0], len(self.samples)
        while total - edges[-1] > _LONGEST + _SHORTEST:
            low, high = edges[-1] + _SHORTEST, edges[-1] + _LONGEST
            borders = [word.start for word in self.words if low <= word.start <= high]
            edges.append(borders[-1] if borders else high)
        return [*edges, total]

    def _visemes(self, begin: int, end: int) -> Iterator[Viseme]:
        """The shapes of a piece; the first is the one that the mouth already has."""
        before = [shape for shape, sample in self.mouth if sample <= begin]
        yield Viseme(before[-1] if before else MouthShape.SIL, 0.0)
        for shape, sample in self.mouth:
            if begin < sample < end:
                yield Viseme(shape, (sample - begin) / RATE)


def _word(word: WordAt, begin: int) -> Word:
    return Word(word.token, (word.start - begin) / RATE, (word.end - begin) / RATE)
