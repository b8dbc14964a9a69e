"""Wav2Lip's mel spectrogram: the same columns for streamed and for complete sound.

Pre-emphasis, a centered short-time Fourier transform, Slaney's mel bands, decibels scaled to ±4:
the preprocessing of Tacotron, as used by Prajwal et al., "A Lip Sync Expert Is All You Need"
(2020).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Samples

Floats = NDArray[np.float32]

RATE = 16_000
"""Hz: the only sample rate of the network."""
BANDS = 80
"""Rows of the spectrogram."""
HOP = 200
"""Samples from one column to the next."""
COLUMNS_PER_SECOND = RATE // HOP
WINDOW = 800
"""Samples of the Fourier transform; a column's window is centered on it."""
SILENCE = -4.0
"""Value of a band without any sound."""
WINDOW_COLUMNS = 16
"""Columns of the spectrogram per picture: 200 ms."""
_PRE_EMPHASIS = 0.97
_LOWEST, _HIGHEST = 55.0, 7600.0
"""Hz: edges of the bands."""
_FLOOR_DB, _REFERENCE_DB = -100.0, 20.0
_BLOCK = 64
"""Columns transformed at once; larger blocks would only need more memory."""


class MelStream:
    """Streaming spectrogram of one sound: returns each column once all its samples have arrived."""

    def __init__(self) -> None:
        self._held = np.zeros(WINDOW // 2, np.float32)  # what lies before the sound is silence
        self._last = np.float32(0.0)

    def add(self, samples: Samples) -> Floats:
        """Return the columns that `samples` (16 kHz, mono) complete: float32, shape (80, n)."""
        emphasized = np.array(samples, np.float32)
        if len(emphasized):
            emphasized[1:] -= np.float32(_PRE_EMPHASIS) * samples[:-1]
            emphasized[0] -= np.float32(_PRE_EMPHASIS) * self._last
            self._last = np.float32(samples[-1])
        return self._take(np.concatenate([self._held, emphasized]))

    def end(self) -> Floats:
        """Return the remaining columns, padding the sound with silence."""
        silence = np.zeros(WINDOW // 2, np.float32)
        return self._take(np.concatenate([self._held, silence]))

    def _take(self, sound: Floats) -> Floats:
        count = max(0, (len(sound) - WINDOW) // HOP + 1)
        self._held = sound[count * HOP :]
        if not count:
            return np.zeros((BANDS, 0), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP][:count]
        blocks = [_columns(frames[i : i + _BLOCK]) for i in range(0, count, _BLOCK)]
        return np.concatenate(blocks, axis=1)


def mel_spectrogram(samples: Samples) -> Floats:
    """Return the spectrogram of a complete sound (16 kHz, mono): float32, shape (80, 1 +
    len(samples) // 200)."""
    stream = MelStream()
    return np.concatenate([stream.add(samples), stream.end()], axis=1)


def _columns(frames: Floats) -> Floats:
    """Return the columns of windowed `frames`, (n, 800), as (80, n)."""
    spectrum = np.abs(np.fft.rfft(frames * _hann(), axis=1))
    amplitude = (_bands() @ spectrum.T).astype(np.float32)
    decibels = 20 * np.log10(np.maximum(amplitude, 10 ** (_FLOOR_DB / 20))) - _REFERENCE_DB
    scaled = 8 * (decibels - _FLOOR_DB) / -_FLOOR_DB - 4
    return np.clip(scaled, SILENCE, -SILENCE).astype(np.float32)


@cache
def _hann() -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)


@cache
def _bands() -> NDArray[np.float64]:
    """Return the mel filter bank, (80, 401): triangles of equal area."""
    edges = _hertz(np.linspace(_mel(_LOWEST), _mel(_HIGHEST), BANDS + 2))
    bins = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    heights = 2 / (edges[2:] - edges[:-2])
    return np.maximum(0, np.minimum(rising, falling)) * heights[:, None]


_KNEE = 1000.0
"""Frequency in Hz up to which Slaney's mel scale is linear."""
_KNEE_MEL = _KNEE * 3 / 200
_LOG_STEP = np.log(6.4) / 27


def _mel(hertz: float) -> float:
    if hertz < _KNEE:
        return hertz * 3 / 200
    return float(_KNEE_MEL + np.log(hertz / _KNEE) / _LOG_STEP)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _KNEE * np.exp(_LOG_STEP * (np.maximum(mel, _KNEE_MEL) - _KNEE_MEL))
    return np.where(mel < _KNEE_MEL, mel * 200 / 3, above)
