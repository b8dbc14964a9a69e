"""Hearing: from the microphone's block to clean sound, its level and the probability of speech."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from avatar_app.core.engines import EchoCanceller, VoiceDetector
from avatar_app.core.values import (
    BLOCK_SECONDS,
    PLAYBACK_BLOCK,
    PLAYBACK_RATE,
    AudioChunk,
    Samples,
)
from avatar_app.pipeline.playback import PlayedBlock

SILENCE_DB = -100.0


@dataclass(frozen=True, slots=True, eq=False)
class HeardBlock:
    """Ten milliseconds as the conversation hears them."""

    chunk: AudioChunk
    """Without echo and noise."""
    probability: float
    """That it is speech."""
    level_db: float
    """dBFS of the microphone before cleaning."""


class Hearing:
    """Joins the echo canceller and the voice detector, and keeps the last second of sound."""

    def __init__(self, echo: EchoCanceller, detector: VoiceDetector, preroll: float) -> None:
        self.echo = echo
        self.detector = detector
        self._recent: deque[AudioChunk] = deque(maxlen=max(1, round(preroll / BLOCK_SECONDS)))
        self._rest: Samples = np.zeros(0, np.float32)
        self._played_count = 0
        self.playback_db = SILENCE_DB

    def hear(
        self, chunk: AudioChunk, adc_at: float, now: float, played: list[PlayedBlock]
    ) -> HeardBlock:
        """Clean one block; `played` is what the loudspeaker took since the last one."""
        delay = 0.0
        for block in played:
            self._played(block)
            delay = (block.dac_at - block.handed_at) + (now - adc_at)
        clean = self.echo.clean(chunk, max(delay, 0.0))
        self._recent.append(clean)
        return HeardBlock(clean, self.detector.probability(clean), level_db(chunk.samples))

    def preroll(self) -> list[AudioChunk]:
        """The last blocks, oldest first."""
        return list(self._recent)

    def forget(self) -> None:
        """What was heard so far belongs to nobody (a mute, say)."""
        self._recent.clear()

    def _played(self, block: PlayedBlock) -> None:
        self.playback_db = level_db(block.samples)
        samples = np.concatenate([self._rest, block.samples]) if len(self._rest) else block.samples
        whole = len(samples) // PLAYBACK_BLOCK * PLAYBACK_BLOCK
        for start in range(0, whole, PLAYBACK_BLOCK):
            piece = samples[start : start + PLAYBACK_BLOCK]
            self.echo.played(AudioChunk(piece, PLAYBACK_RATE, self._played_count))
            self._played_count += PLAYBACK_BLOCK
        self._rest = samples[whole:]


def level_db(samples: Samples) -> float:
    """Level (RMS) in dBFS; −100 for silence."""
    if not len(samples):
        return SILENCE_DB
    power = float(np.dot(samples, samples)) / len(samples)
    return max(SILENCE_DB, 10 * math.log10(power + 1e-12))
