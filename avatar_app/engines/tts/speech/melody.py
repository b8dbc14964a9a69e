"""Tracks the pitch contour of a voice, to make it livelier or flatter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Samples

LOWEST, HIGHEST = 60.0, 500.0
"""Hz: the range of the fundamental frequency in speech."""
_HOP = 0.01
_WINDOW = 0.04
_VOICED = 0.5
"""Smallest autocorrelation at one period, as a share of a frame's energy, of voiced sound."""
_OCTAVE_COST = 0.04
"""Cost of a longer period, as a share of a frame's energy: what repeats after one period also
repeats after two."""
_MOST = 7.0
"""Largest pitch shift in semitones."""


def widened(samples: Samples, rate: int, expressiveness: float) -> NDArray[np.float64]:
    """Return the pitch shift in semitones for each sample that scales the intonation range by
    `expressiveness`.

    The range is measured from the median pitch. Between voiced sounds the shift is interpolated.
    """
    found = melody(samples, rate)
    voiced = np.flatnonzero(found)
    if not len(voiced):
        return np.zeros(len(samples))
    above = 12 * np.log2(found[voiced] / np.median(found[voiced]))
    shift = np.clip((expressiveness - 1) * above, -_MOST, _MOST)
    centers = (voiced * _HOP + _WINDOW / 2) * rate
    return np.interp(np.arange(len(samples)), centers, shift)


def melody(samples: Samples, rate: int) -> NDArray[np.float64]:
    """Return the pitch in Hz every 10 ms, 0 for unvoiced sound: the highest peak of the
    autocorrelation.

    Boersma, "Accurate short-term analysis of the fundamental frequency" (1993), without its path
    search; a median of three removes single errors.
    """
    size, hop = round(_WINDOW * rate), round(_HOP * rate)
    if len(samples) < size:
        return np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    window = np.hanning(size)
    first, last = round(rate / HIGHEST), min(round(rate / LOWEST), size // 2)
    own = _autocorrelation(frames * window, last) / _autocorrelation(window[None], last)
    lags = own[:, first:]
    octaves = np.log2(np.arange(first, last) / first)
    best = (lags - _OCTAVE_COST * octaves * own[:, :1]).argmax(axis=1)
    strength = lags[np.arange(len(lags)), best] / np.maximum(own[:, 0], 1e-9)
    heard = own[:, 0] > own[:, 0].max() * 1e-4
    pitch = np.where((strength > _VOICED) & heard, rate / (best + first), 0.0)
    neighbors = np.stack([np.roll(pitch, 1), pitch, np.roll(pitch, -1)])
    return np.asarray(np.where(pitch > 0, np.median(neighbors, axis=0), 0.0))


def _autocorrelation(frames: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    size = frames.shape[1]
    spectrum = np.fft.rfft(frames, 2 * size, axis=1)
    return np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :lags]
