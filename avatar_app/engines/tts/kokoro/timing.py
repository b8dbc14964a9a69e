"""When words are said and the mouth moves, from the durations that a graph tells or by proportion.

Without durations there are no mouth shapes: the face listens to the sound itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from avatar_app.core.values import MouthShape
from avatar_app.engines.tts.kokoro.reading import Reading
from avatar_app.engines.tts.speech.chunks import ShapeAt, WordAt, joined
from avatar_app.engines.tts.speech.mouth import shapes_of
from avatar_app.engines.tts.speech.phrases import Phrase

_RATE = 24_000
_SHORTEST_PAUSE = _RATE // 20
"""Samples; in a shorter one the mouth does not close."""
_WEIGHTS = {"ˈ": 0.0, "ˌ": 0.0, " ": 0.3, "ː": 0.6, ",": 1.5, ";": 1.5, ":": 1.5, "—": 1.5}
"""Of an ordinary phoneme's time, what other signs take."""


class Timing(Protocol):
    """When a phoneme is spoken (`kokoro_onnx.sliding.Timing`)."""

    phoneme: str
    start: float
    """Seconds."""
    end: float


def words_of(
    phrase: Phrase, reading: Reading, timings: Sequence[Timing], total: int
) -> list[WordAt]:
    """The phrase's tokens in a sound of `total` samples, in order and without gaps."""
    if len(timings) == len(reading.phonemes):
        edges = [min(round(timing.start * _RATE), total) for timing in timings]
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


def mouth_of(timings: Sequence[Timing], total: int) -> list[ShapeAt] | None:
    """The mouth shapes, none twice in a row, closed in the end; None without durations."""
    if not timings:
        return None
    track: list[ShapeAt] = []
    for timing in timings:
        start, end = round(timing.start * _RATE), round(timing.end * _RATE)
        shapes = shapes_of(timing.phoneme)
        if not shapes and not timing.phoneme.isalpha() and end - start >= _SHORTEST_PAUSE:
            shapes = [MouthShape.SIL]
        for index, shape in enumerate(shapes):
            if not track or track[-1][0] != shape:
                track.append((shape, min(start + (end - start) * index // len(shapes), total)))
    return [*track, (MouthShape.SIL, total)]
