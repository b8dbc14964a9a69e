"""Word and viseme times, from a voice's durations or by proportion.

Without durations there are no visemes: the face derives them from the sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from avatar_app.core.values import MouthShape
from avatar_app.engines.tts.speech.chunks import ShapeAt, WordAt, joined
from avatar_app.engines.tts.speech.mouth import shapes_of
from avatar_app.engines.tts.speech.phrases import Phrase
from avatar_app.engines.tts.speech.reading import Reading

_SHORTEST_PAUSE = 0.05
"""Shortest pause, in seconds, in which the mouth closes."""
_WEIGHTS = {"ˈ": 0.0, "ˌ": 0.0, " ": 0.3, "ː": 0.6, ",": 1.5, ";": 1.5, ":": 1.5, "—": 1.5}
"""Relative durations of symbols; an ordinary phoneme has 1."""


class Timing(Protocol):
    """The time of a phoneme."""

    @property
    def phoneme(self) -> str: ...

    @property
    def start(self) -> float:
        """Seconds."""

    @property
    def end(self) -> float:
        """Seconds."""


def words_of(
    phrase: Phrase, reading: Reading, timings: Sequence[Timing], total: int, rate: int
) -> list[WordAt]:
    """Return the phrase's tokens in a sound of `total` samples, in order and without gaps."""
    if len(timings) == len(reading.phonemes):
        edges = [min(round(timing.start * rate), total) for timing in timings]
    else:
        edges = _proportional(reading.phonemes, total)
    edges.append(total)
    return joined(phrase, [*(edges[start] for start in reading.starts), total])


def _proportional(phonemes: str, total: int) -> list[int]:
    weights = [_WEIGHTS.get(phoneme, 1.0) for phoneme in phonemes]
    whole, passed, edges = sum(weights) or 1.0, 0.0, []
    for weight in weights:
        edges.append(round(total * passed / whole))
        passed += weight
    return edges


def mouth_of(timings: Sequence[Timing], total: int, rate: int) -> list[ShapeAt] | None:
    """Return the mouth shapes without repetitions, closed at the end; None without durations."""
    if not timings:
        return None
    track: list[ShapeAt] = []
    for timing in timings:
        start, end = round(timing.start * rate), round(timing.end * rate)
        shapes = shapes_of(timing.phoneme)
        if not shapes and not timing.phoneme.isalpha() and end - start >= _SHORTEST_PAUSE * rate:
            shapes = [MouthShape.SIL]
        for index, shape in enumerate(shapes):
            if not track or track[-1][0] != shape:
                track.append((shape, min(start + (end - start) * index // len(shapes), total)))
    return [*track, (MouthShape.SIL, total)]
