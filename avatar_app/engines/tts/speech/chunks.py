"""Splits a spoken phrase into chunks, preferably between words, with word and viseme times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from avatar_app.core.values import AudioChunk, MouthShape, Samples, SpeechChunk, Viseme, Word
from avatar_app.engines.tts.speech.phrases import Phrase

ShapeAt = tuple[MouthShape, int]
"""A mouth shape, and the sample from which the mouth moves toward it."""

_LONGEST = 0.5
"""Largest duration of a chunk in seconds; one can be longer by _SHORTEST."""
_SHORTEST = 0.1


@dataclass(frozen=True, slots=True)
class WordAt:
    """A token and its first and last sample."""

    token: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """The sound of a phrase. All times are samples from its start."""

    samples: Samples
    rate: int
    words: list[WordAt]
    mouth: list[ShapeAt] | None
    """In order; the mouth is closed before the first. None if visemes are unknown."""

    def after(self, pause: int) -> Spoken:
        """Prepend `pause` samples of silence."""
        return replace(
            self,
            samples=np.concatenate([np.zeros(pause, np.float32), self.samples]),
            words=[WordAt(word.token, word.start + pause, word.end + pause) for word in self.words],
            mouth=self.mouth and [(shape, at + pause) for shape, at in self.mouth],
        )

    def between(self, begin: int, end: int) -> Spoken:
        """Return what begins in [`begin`, `end`), with times relative to `begin`; the first mouth
        shape is the current one."""
        return replace(
            self,
            samples=self.samples[begin:end],
            words=[
                WordAt(word.token, word.start - begin, word.end - begin)
                for word in self.words
                if begin <= word.start < end
            ],
            mouth=self.mouth
            and [(shape, max(at - begin, 0)) for shape, at in self.mouth if at < end],
        )

    def chunks(self, start: int) -> Iterator[SpeechChunk]:
        """Yield chunks of about half a second; `start` is the phrase's first sample in the
        speech."""
        edges = self._edges()
        for begin, end in pairwise(edges):
            last = end == len(self.samples)
            words = [
                word for word in self.words if begin <= word.start and (last or word.start < end)
            ]
            yield SpeechChunk(
                AudioChunk(self.samples[begin:end], self.rate, start + begin),
                " ".join(word.token for word in words),
                tuple(self._word(word, begin) for word in words),
                tuple(self._visemes(begin, end)),
            )

    def _edges(self) -> list[int]:
        edges, total = [0], len(self.samples)
        shortest, longest = round(_SHORTEST * self.rate), round(_LONGEST * self.rate)
        while total - edges[-1] > longest + shortest:
            low, high = edges[-1] + shortest, edges[-1] + longest
            borders = [word.start for word in self.words if low <= word.start <= high]
            edges.append(borders[-1] if borders else high)
        return [*edges, total]

    def _visemes(self, begin: int, end: int) -> Iterator[Viseme]:
        """Yield the visemes of a chunk; the first is the shape that the mouth already has."""
        if self.mouth is None:
            return
        before = [shape for shape, sample in self.mouth if sample <= begin]
        yield Viseme(before[-1] if before else MouthShape.SIL, 0.0)
        for shape, sample in self.mouth:
            if begin < sample < end:
                yield Viseme(shape, (sample - begin) / self.rate)

    def _word(self, word: WordAt, begin: int) -> Word:
        start, end = ((sample - begin) / self.rate for sample in (word.start, word.end))
        return Word(word.token, start, end)


def together(pieces: Sequence[Spoken]) -> Spoken:
    """Concatenate one or more chunks."""
    whole = pieces[0]
    for piece in pieces[1:]:
        later = piece.after(len(whole.samples))
        whole = replace(
            whole,
            samples=np.concatenate([whole.samples, piece.samples]),
            words=[*whole.words, *later.words],
            mouth=None if whole.mouth is None else [*whole.mouth, *(later.mouth or [])],
        )
    return whole


def joined(phrase: Phrase, times: list[int]) -> list[WordAt]:
    """Return words from parts that begin at `times`, the last of which is the end of the phrase: a
    word lasts until the next one begins."""
    first = [index for index, part in enumerate(phrase.parts) if part.token]
    ends = [*first, len(phrase.parts)][1:]
    return [
        WordAt(phrase.parts[index].token, times[index], times[end])
        for index, end in zip(first, ends, strict=True)
    ]
