"""Synthetic laughter: voiced bursts with breath, even in time, falling in pitch and level."""

from __future__ import annotations

import numpy as np

from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.session.offline.simulated_user import at_level

BURST = 0.11
"""Seconds."""


def laugh(rng: np.random.Generator, rate: float = 4.8, bursts: int = 7) -> Samples:
    """Return a laugh of so many bursts, `rate` a second, at 16 kHz, as Bachorowski et al. (2001)
    describe it."""
    pitch, parts = float(rng.uniform(180, 320)), []
    for number in range(bursts):
        seconds = BURST * rng.uniform(0.9, 1.1)
        at = np.arange(round(seconds * MICROPHONE_RATE)) / MICROPHONE_RATE
        tone = 2 * np.pi * pitch * (1 - 0.03 * number) * at
        voice = np.sum([np.sin(tone * harmonic) / harmonic for harmonic in range(1, 12)], axis=0)
        breath = 0.5 * rng.standard_normal(len(at))
        gap = 1 / rate * rng.uniform(0.93, 1.07) - seconds
        parts += [(voice + breath) * np.hanning(len(at)) * 0.9**number]
        parts += [np.zeros(round(gap * MICROPHONE_RATE))]
    return at_level(np.concatenate(parts).astype(np.float32))
