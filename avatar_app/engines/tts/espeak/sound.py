"""Post-processes espeak-ng's samples: trims silence, reduces buzz, normalizes the loudness.

espeak-ng's formants have little spectral tilt, which sounds buzzy above 4 kHz. A linear-phase
filter attenuates that by 2 dB, and removes rumble below 60 Hz.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Samples
from avatar_app.engines.tts.espeak.library import RATE

LOUDNESS = 0.1
"""RMS of speech without pauses: −20 dBFS."""

_AUDIBLE = 60  # of 32768: −55 dBFS

_BEFORE = RATE // 200  # samples kept before the first audible one: 5 ms
_AFTER = RATE // 50  # samples kept after the last one: 20 ms

_TAPS = 63
_TILT_HZ = (0, 60, 100, 2500, 5000, 8000, 11025)
_TILT_DB = (-30, -6, 0, 0, -3, -8, -14)


def bounds_of(samples: NDArray[np.int16]) -> tuple[int, int]:
    """Return the first and the last audible sample, with margins; equal if nothing is audible."""
    audible = np.flatnonzero(np.abs(samples.astype(np.int32)) > _AUDIBLE)
    if not len(audible):
        return 0, 0
    return max(0, int(audible[0]) - _BEFORE), min(len(samples), int(audible[-1]) + _AFTER)


def soften(samples: NDArray[np.int16]) -> Samples:
    """Return float samples with less treble, of the same length."""
    if not len(samples):
        return np.zeros(0, np.float32)
    filtered = np.convolve(samples.astype(np.float32) / 32768, _filter(), mode="full")
    return filtered[_TAPS // 2 :][: len(samples)].astype(np.float32)


def rms_of(sound: Samples) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(sound)))) if len(sound) else 0.0


def _filter() -> NDArray[np.float32]:
    frequencies = np.fft.rfftfreq(1024, 1 / RATE)
    response = 10 ** (np.interp(frequencies, _TILT_HZ, _TILT_DB) / 20)
    impulse = np.roll(np.fft.irfft(response), _TAPS // 2)[:_TAPS] * np.hanning(_TAPS)
    return np.asarray(impulse, np.float32)
