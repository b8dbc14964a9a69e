"""The perceptual distance of two sounds of the same words, by their log-mel bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Samples

_WINDOW, _HOP = 0.04, 0.01
_BANDS = 80
_FLOOR = 1e-4
"""Minimum band power; less counts as silence."""
_RANGE = 50.0
"""Decibels below the loudest frame; quieter frames are ignored."""
_SHIFT = 10
"""Maximum shift in frames between the sounds."""


def mel_distance(one: Samples, other: Samples, rate: int) -> float:
    """Return the mean difference in dB of 80 bands, over the audible frames of `one`; each is
    compared with the nearest frame of `other` within 0.1 s."""
    first, second = log_mel(one, rate), log_mel(other, rate)
    loudness = first.max(axis=1)
    nearest = np.full(len(first), np.inf)
    for shift in range(-_SHIFT, _SHIFT + 1):
        index = np.clip(np.arange(len(first)) + shift, 0, len(second) - 1)
        nearest = np.minimum(nearest, np.abs(first - second[index]).mean(axis=1))
    return float(nearest[loudness > loudness.max() - _RANGE].mean())


def log_mel(sound: Samples, rate: int) -> NDArray[np.float64]:
    """Return shape (frames, 80), dB; triangular bands, evenly spaced in mel (O'Shaughnessy,
    1987)."""
    size, hop = round(_WINDOW * rate), round(_HOP * rate)
    padded = np.pad(sound, (size // 2, size // 2 + hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames)) ** 2
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(size, 1 / rate) / 700)
    edges = np.linspace(mel[1], mel[-1], _BANDS + 2)
    width = edges[1] - edges[0]
    rising, falling = (mel - edges[:-2, None]) / width, (edges[2:, None] - mel) / width
    return np.asarray(10 * np.log10(power @ np.clip(np.minimum(rising, falling), 0, 1).T + _FLOOR))
