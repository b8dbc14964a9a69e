"""Streaming mel spectrogram: a column every hundredth of a second, at any sample rate.

The window is as long in seconds at every rate, and its spectrum is taken at that rate, so that no
resampler delays or colors the sound; power is scaled so that a sound measures the same at each.
Bands: Slaney's formula for the mel scale is not used, but HTK's, 2595 log10(1 + f / 700).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

HOP = 0.01
"""Seconds from one column to the next."""
WINDOW = 0.025
"""Seconds of sound in a column; it is centered on the column's moment."""
BANDS = 40
QUIETEST = 1e-9
"""Power (full scale: 1) that is added to every band: about −90 dBFS."""
LOUD_ENOUGH = -8.0
"""Natural logarithm of all bands' power: what is quieter is never taken for loud speech."""
FORGET = 0.003
"""How much of the loudest sound's logarithm is forgotten a column: half its amplitude in 2.3 s."""
DEPTH = 3e-6
"""Power relative to the loudest sound, below which differences vanish: −55 dB."""
SPREAD, OFFSET = 4.0, 3.2
_LOWEST, _HIGHEST = 80.0, 7600.0
_RESOLUTION = 0.032
"""Seconds to which a window is padded: its spectrum has a bin every 31.25 Hz."""


class MelColumns:
    """One sound. Column i is centered on i · HOP seconds; before the sound there is silence."""

    def __init__(self, rate: int) -> None:
        """`rate` in samples per second."""
        self._rate = rate
        self._length = round(rate * WINDOW)
        self._window = np.hanning(self._length + 1)[:-1].astype(np.float32)
        self._bands = _filterbank(rate)
        self._scale = np.float32(2 / self._window.sum()) ** 2
        self._sound = np.zeros(self._length // 2, np.float32)
        self._first = -(self._length // 2)  # index of _sound[0] in the sound
        self._next = 0

    def add(self, samples: Floats) -> Floats:
        """Return the columns that have become known: natural logarithms of power, shape (n,
        BANDS)."""
        self._sound = np.concatenate([self._sound, samples])
        end = self._first + len(self._sound)
        starts = []
        while (start := self._start(self._next)) + self._length <= end:
            starts.append(start - self._first)
            self._next += 1
        if not starts:
            return np.zeros((0, BANDS), np.float32)
        places = np.asarray(starts)[:, None] + np.arange(self._length)
        columns = self._columns(self._sound[places])
        passed = self._start(self._next) - self._first
        self._sound, self._first = self._sound[passed:], self._first + passed
        return columns

    def _start(self, column: int) -> int:
        return round(column * HOP * self._rate) - self._length // 2

    def _columns(self, windows: Floats) -> Floats:
        points = round(self._rate * _RESOLUTION)
        spectrum = np.fft.rfft(windows * self._window, points)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) * self._scale
        return np.log(power @ self._bands + np.float32(QUIETEST))


@cache
def _filterbank(rate: int) -> Floats:
    """Return triangles over the bins, shape (bins, BANDS)."""
    bins = np.fft.rfftfreq(round(rate * _RESOLUTION), 1 / rate)
    edges = _hertz(np.linspace(_mel(_LOWEST), _mel(_HIGHEST), BANDS + 2))
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins[:, None] - low) / (middle - low)
    falling = (high - bins[:, None]) / (high - middle)
    return np.maximum(np.minimum(rising, falling), 0).astype(np.float32)


def _mel(hertz: float) -> float:
    return 2595 * float(np.log10(1 + hertz / 700))


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(700 * (10 ** (mel / 2595) - 1))


class Levelling:
    """Normalizes columns by the loudest sound of the last seconds, so that loudness matters
    little."""

    def __init__(self) -> None:
        self._loudest = LOUD_ENOUGH

    def add(self, columns: Floats) -> Floats:
        """Return about 0 where it is quiet, 2 to 4 where it is loud; same shape."""
        if not len(columns):
            return columns
        levels = np.log(np.exp(columns).sum(axis=1))
        forgotten = FORGET * np.arange(1, len(columns) + 1, dtype=np.float32)
        levels = np.concatenate([[self._loudest], levels + forgotten])
        loudest = np.maximum(np.maximum.accumulate(levels)[1:] - forgotten, LOUD_ENOUGH)
        self._loudest = loudest[-1]
        relative = np.exp(columns - loudest[:, None].astype(np.float32))
        scaled = np.log(relative + np.float32(DEPTH)) / SPREAD + OFFSET
        return np.asarray(scaled, np.float32)
