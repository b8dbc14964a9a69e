"""Turn replay: the turn detector hears the silences of speakers again, and learns from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from avatar_app.core.values import BLOCK_SECONDS
from avatar_app.pipeline.input.turn_detection import Decision, TurnDetectionOptions, TurnDetector

UNDERSTOOD = "something"
"""What is understood of everything: words say nothing here, only the voice does."""
VOICE = 0.5
"""Seconds of voice before each silence."""
ANSWER = 5.0
"""Seconds for which the user listens after a turn."""


@dataclass(frozen=True, slots=True)
class HeardSilence:
    """A pause, or the silence after the last word, as the voice detector hears it."""

    seconds: float
    """Infinite after the last word."""
    probability: float
    """That the turn is over, by a detector of ends."""
    answered: float
    """Seconds of silence after which it said so."""


Speakers = dict[str, list[HeardSilence]]
"""Each speaker's silences, in their order."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """How the detector took them."""

    cut_off: float
    """Share of the pauses that were taken for an end."""
    latency: float
    """Mean seconds from the last word to the end of a turn."""


def replay(
    speakers: Mapping[str, list[HeardSilence]], options: TurnDetectionOptions, *, is_asked: bool
) -> Replayed:
    """Each speaker has a turn detector of its own. `is_asked`: it gets the probabilities."""
    cut, late = list[bool](), list[float]()
    for silences in speakers.values():
        detector = TurnDetector(options)
        for silence in silences:
            for _ in _blocks(VOICE):
                detector.observe(1.0, avatar_speaking=False)
            ended = _end(detector, silence, is_asked=is_asked)
            if np.isfinite(silence.seconds):
                cut.append(ended is not None)
            elif ended is not None:
                late.append(ended)
    return Replayed(_mean(cut), _mean(late))


def _end(detector: TurnDetector, silence: HeardSilence, *, is_asked: bool) -> float | None:
    """Seconds of silence at which the turn was over; None if the user went on before."""
    ended = None
    for at in _blocks(min(silence.seconds, ANSWER)):
        decision = detector.observe(0.0, avatar_speaking=False)
        if decision is Decision.PAUSED:
            detector.hint(UNDERSTOOD, is_complete=True)
        if is_asked and at - BLOCK_SECONDS < silence.answered <= at:
            detector.judge(silence.probability)
        if decision is Decision.ENDED:
            ended = at
    return ended


def _blocks(seconds: float) -> Iterator[float]:
    """Yield the second at which each block ends."""
    return (BLOCK_SECONDS * (index + 1) for index in range(round(seconds / BLOCK_SECONDS)))


def _mean(values: list[bool] | list[float]) -> float:
    return float(np.mean(values)) if values else 0.0
