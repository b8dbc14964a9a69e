"""Times the visemes of espeak-ng's speech."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from avatar_app.core.values import MouthShape
from avatar_app.engines.tts.espeak.library import RATE, PhonemeSpoken, Utterance
from avatar_app.engines.tts.speech.chunks import ShapeAt
from avatar_app.engines.tts.speech.mouth import shapes_of

_VOICELESS_PLOSIVES = frozenset("ptʈckq")

_SHORTEST_PAUSE = RATE // 20
"""Samples of the shortest pause in which the mouth closes."""
_CLOSURE = RATE // 25
"""Samples between the closure of a voiceless plosive and its burst (measured: 35 to 45 ms)."""


def mouth_of(utterance: Utterance) -> list[ShapeAt]:
    """Return the mouth shapes of an utterance without repetitions; the first may begin before
    it."""
    track: list[ShapeAt] = []
    for shape, sample in _all_shapes(utterance):
        if not track or track[-1][0] != shape:
            track.append((shape, sample))
    return track


def _all_shapes(utterance: Utterance) -> Iterator[ShapeAt]:
    total = len(utterance.samples)
    starts = list(_starts(utterance.phonemes, _samples(utterance.phonemes, total)))
    breathed: int | None = None  # where a sound began whose shape is the next one's
    for phoneme, start, end in zip(utterance.phonemes, starts, [*starts[1:], total], strict=True):
        shapes = shapes_of(phoneme.ipa)
        begin = start if breathed is None else breathed
        breathed = begin if phoneme.ipa and not shapes else None
        yield from _spread(shapes, begin, end)
        if not phoneme.ipa and (end - start >= _SHORTEST_PAUSE or end == total):
            yield MouthShape.SIL, start


def _samples(phonemes: Sequence[PhonemeSpoken], total: int) -> Iterator[int]:
    """Yield the first sample of each phoneme; phonemes reported at the same sample share the time
    up to the next."""
    for sample, group in groupby(phoneme.sample for phoneme in phonemes):
        count = len(list(group))
        end = next((later.sample for later in phonemes if later.sample > sample), total)
        yield from (sample + max(0, end - sample) * index // count for index in range(count))


def _starts(phonemes: Sequence[PhonemeSpoken], samples: Iterator[int]) -> Iterator[int]:
    """Return the sample at which the mouth begins each phoneme: espeak-ng reports a voiceless
    plosive at its burst, but the lips close before it; not before the middle of the preceding
    phoneme, though."""
    previous: int | None = None
    for phoneme, sample in zip(phonemes, samples, strict=True):
        closing = sample - _CLOSURE
        if previous is not None:
            closing = max(closing, (previous + sample) // 2)
        closed = any(symbol in _VOICELESS_PLOSIVES for symbol in phoneme.ipa)
        previous = closing if closed else sample
        yield previous


def _spread(shapes: Sequence[MouthShape], start: int, end: int) -> Iterator[ShapeAt]:
    for index, shape in enumerate(shapes):
        yield shape, start + (end - start) * index // len(shapes)
