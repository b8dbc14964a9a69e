"""The growing sound of an utterance, and where its voice ended."""

from __future__ import annotations

import math

import numpy as np

from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, Samples

QUIET = 0.05
"""Relative to the loudest block's level: a block 26 dB below contains no voice. A last "them" fades
by 25 dB, and is not heard without its end."""
LOUD = 0.1
"""Relative to the loudest block's level: a block 20 dB below, or less, contains voice also where
the room is noisy."""
OVER_NOISE = 2.0
"""Levels of the quietest block up to which a block between the two is the room's noise."""
FLOOR = 1e-3
"""Level (RMS) of full scale below which a block always counts as quiet."""
_FIRST_ROOM = 16 * MICROPHONE_RATE


class Sound:
    """16 kHz, mono. Grows without copying everything each time."""

    def __init__(self) -> None:
        self._samples = np.zeros(_FIRST_ROOM, np.float32)
        self._length = 0
        self._loudest, self._quietest = 0.0, math.inf
        self.voice_end = 0
        """Sample after the last loud block."""

    def __len__(self) -> int:
        return self._length

    @property
    def samples(self) -> Samples:
        return self._samples[: self._length]

    @property
    def seconds(self) -> float:
        return self._length / MICROPHONE_RATE

    @property
    def quiet_seconds(self) -> float:
        """Return the seconds since the last loud block."""
        return (self._length - self.voice_end) / MICROPHONE_RATE

    def add(self, chunk: AudioChunk) -> None:
        """Add the next block."""
        end = self._length + len(chunk.samples)
        if end > len(self._samples):
            self._samples = np.concatenate([self._samples, np.zeros(end, np.float32)])
        self._samples[self._length : end] = chunk.samples
        self._length = end
        level = float(np.sqrt(np.mean(np.square(chunk.samples)))) if len(chunk.samples) else 0.0
        self._loudest, self._quietest = max(self._loudest, level), min(self._quietest, level)
        if level > self._quiet_level:
            self.voice_end = end

    @property
    def _quiet_level(self) -> float:
        """Return the level up to which a block contains no voice."""
        noise = min(OVER_NOISE * self._quietest, LOUD * self._loudest)
        return max(FLOOR, QUIET * self._loudest, noise)
