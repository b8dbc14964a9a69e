"""Laughter, heard by its rhythm: the same short burst again and again, some five times a second.

Method: Bachorowski, Smoski and Owren (2001), “The acoustic features of human laughter”, find 4 to 5
bursts a second with silence between them. Syllables of speech are less even, less apart, and
differ in their sound.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np

from avatar_app.core.values import BLOCK_SECONDS, MICROPHONE_BLOCK, MICROPHONE_RATE, Samples

BURSTS = 4
"""Of even distance, from which a sound is a laugh."""
DISTANCES = (0.13, 0.30)
"""Seconds between two bursts, at least and at most."""
UNEVEN = 0.2
"""Share by which the distances may differ from their mean."""
DEPTH_DB = 10.0
"""Between a burst and the silence after it, at least."""
ALIKE_DB = 5.0
"""Between the same bands of two bursts, on average, at most."""
LASTS = 1.2
"""Seconds for which somebody laughs after the latest burst."""
_EDGES = (150, 400, 700, 1100, 1600, 2300, 3200, 4500, 6500)
"""Hertz, of the bands."""
_WINDOW: Samples = np.hanning(MICROPHONE_BLOCK).astype(np.float32)
_BINS = np.asarray(_EDGES) * MICROPHONE_BLOCK // MICROPHONE_RATE
_SMOOTH = 3
"""Blocks over which the level is averaged."""
_FAINT = 1e-9
_NOTHING: Samples = np.zeros(len(_EDGES) - 1, np.float32)


class _Burst(NamedTuple):
    block: int
    level_db: float
    powers: Samples
    """In each band, shape (8,)."""

    @property
    def bands(self) -> Samples:
        """Return dB relative to their mean, shape (8,)."""
        bands = 10 * np.log10(self.powers + _FAINT)
        relative: Samples = bands - bands.mean()
        return relative


class LaughterDetector:
    """Follows the microphone, 10 ms at a time."""

    def __init__(self) -> None:
        self._powers: deque[Samples] = deque(maxlen=_SMOOTH)
        self._bursts: deque[_Burst] = deque(maxlen=BURSTS)
        self._blocks = self._until = 0
        self._valley = 200.0
        self._peak = _Burst(0, -200.0, _NOTHING)

    def hear(self, samples: Samples) -> bool:
        """Take the next block (160 samples at 16 kHz); returns whether somebody laughs."""
        self._blocks += 1
        self._powers.append(_band_powers(samples))
        powers: Samples = sum(self._powers, _NOTHING) / np.float32(len(self._powers))
        level = 10 * math.log10(float(powers.sum()) + len(powers) * _FAINT)
        now = _Burst(self._blocks, level, powers)
        if level > self._peak.level_db:
            self._peak = now
        if level < self._peak.level_db - DEPTH_DB:
            if self._peak.level_db - self._valley >= DEPTH_DB:
                self._add(self._peak)
            self._peak, self._valley = now, level
        elif level < self._valley:
            self._peak, self._valley = now, level
        return self._blocks < self._until

    def _add(self, burst: _Burst) -> None:
        self._bursts.append(burst)
        if len(self._bursts) == BURSTS and self._is_even():
            self._until = self._blocks + round(LASTS / BLOCK_SECONDS)

    def _is_even(self) -> bool:
        pairs = list(zip(self._bursts, list(self._bursts)[1:], strict=False))
        apart = [(after.block - before.block) * BLOCK_SECONDS for before, after in pairs]
        mean = sum(apart) / len(apart)
        return all(
            DISTANCES[0] <= each <= DISTANCES[1] and abs(each - mean) <= UNEVEN * mean
            for each in apart
        ) and all(_are_alike(a, b) for a, b in pairs)


def _are_alike(one: _Burst, other: _Burst) -> bool:
    """Whether both are the same vowel, rather than knocks or keys."""
    voiced = all(each.bands[:3].mean() > each.bands[-3:].mean() for each in (one, other))
    return voiced and float(np.abs(one.bands - other.bands).mean()) <= ALIKE_DB


def _band_powers(samples: Samples) -> Samples:
    """Return the power in each band."""
    spectrum = np.square(np.abs(np.fft.rfft(samples * _WINDOW)))
    powers = np.add.reduceat(spectrum, _BINS)[:-1] / len(samples)
    return powers.astype(np.float32)
