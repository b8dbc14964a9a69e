"""Finds how much later a sound is heard than it was played, and how much of what is heard it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import MICROPHONE_RATE, Samples

EARLIEST, LATEST = -0.1, 0.7
"""Seconds of delay that are looked at; a device that states its times wrongly may be early."""
LOWEST_HZ, HIGHEST_HZ = 200.0, 6000.0
"""What a voice has, and what small loudspeakers can play."""
WHITENING = 0.8
"""How far all frequencies count alike (1: GCC-PHAT, Knapp and Carter 1976; 0: correlation)."""
SIGNIFICANT = 8.0
"""Standard deviations above chance from which a delay is believed; of the 12,800 delays that are
looked at, chance alone brings one to 4."""
FIRST_ARRIVAL = 0.6
"""Share of the highest peak from which an earlier one is the direct way, and that a reflection."""
_WINDOW = 2048
"""Samples (128 ms) in which the echo of a room is mostly over."""
_MAD = 1.4826
"""Standard deviations in a median absolute deviation of normal noise."""


@dataclass(frozen=True, slots=True)
class FoundDelay:
    """Where in time a sound was found."""

    samples: int
    """At 16 kHz."""
    significance: float
    """Standard deviations above chance."""

    @property
    def seconds(self) -> float:
        return self.samples / MICROPHONE_RATE


def find_delay(played: Samples, heard: Samples) -> FoundDelay | None:
    """How much later `played` is found in `heard`; both 16 kHz, beginning at the same time. None
    where it is not heard."""
    if not played.any() or not heard.any():
        return None
    size = 1 << (len(played) + len(heard)).bit_length()
    cross = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size))
    frequencies = np.fft.rfftfreq(size, 1 / MICROPHONE_RATE)
    band = (frequencies >= LOWEST_HZ) & (frequencies <= HIGHEST_HZ)
    strength = np.abs(cross)
    floor = 1e-3 * float(strength[band].max(initial=0.0)) + 1e-20
    weighted = np.where(band, cross / np.maximum(strength, floor) ** WHITENING, 0.0)
    correlation = np.abs(np.fft.irfft(weighted, size))
    lags = np.arange(round(EARLIEST * MICROPHONE_RATE), round(LATEST * MICROPHONE_RATE))
    likeness = correlation[lags]  # negative delays stand at the end
    middle = float(np.median(likeness))
    spread = _MAD * float(np.median(np.abs(likeness - middle))) + 1e-20
    best = int(likeness.argmax())
    significance = (float(likeness[best]) - middle) / spread
    if significance < SIGNIFICANT:
        return None
    first = int(np.flatnonzero(likeness >= FIRST_ARRIVAL * likeness[best])[0])
    return FoundDelay(int(lags[first]), significance)


def explained_share(played: Samples, heard: Samples) -> float:
    """The share of the power of `heard` that is `played` through some room: their coherence
    (Welch's method), weighted by what is heard. Both 16 kHz and aligned."""
    length = min(len(played), len(heard))
    frames = (length - _WINDOW) // (_WINDOW // 2) + 1
    if frames < 4:
        return 0.0
    one, other = _spectra(played, frames), _spectra(heard, frames)
    cross = np.abs((other * np.conj(one)).sum(axis=0)) ** 2
    power = (np.abs(other) ** 2).sum(axis=0)
    coherence = cross / (power * (np.abs(one) ** 2).sum(axis=0) + 1e-20)
    chance = 1.5 / frames  # half-overlapping windows count for two thirds
    shares = np.clip((coherence - chance) / (1 - chance), 0.0, 1.0)
    frequencies = np.fft.rfftfreq(_WINDOW, 1 / MICROPHONE_RATE)
    band = (frequencies >= LOWEST_HZ) & (frequencies <= HIGHEST_HZ)
    total = float(power[band].sum())
    return float((shares * power)[band].sum()) / total if total > 0 else 0.0


def _spectra(samples: Samples, frames: int) -> NDArray[np.complex128]:
    step, window = _WINDOW // 2, np.hanning(_WINDOW)
    pieces = [samples[n * step : n * step + _WINDOW] * window for n in range(frames)]
    return np.asarray(np.fft.rfft(np.stack(pieces), axis=1), np.complex128)
