"""Detects residual echo: speech that resembles what was just played is the avatar's own."""

from __future__ import annotations

from collections import deque

import numpy as np

from avatar_app.core.values import (
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    PLAYBACK_RATE,
    Samples,
)

WINDOW = int(0.15 * MICROPHONE_RATE)
"""Samples of cleaned microphone sound that are compared."""
REACH = int(0.75 * MICROPHONE_RATE)
"""Samples of played sound that are searched: echoes of up to 0.6 s."""
RESEMBLANCE = 0.4
"""Normalized cross-correlation from which a voice counts as an echo. Measured: while a canceller
adapts to a changed delay, 93 % of the leaking blocks lie above; 97 % of a user's blocks lie below,
whether the user speaks alone or over an echo of the same level."""
AUDIBLE = 1e-4
"""RMS of played sound below which nothing is compared."""
_RATIO = PLAYBACK_RATE // MICROPHONE_RATE


class ResidualEchoDetector:
    """Backs the echo canceller up while it adapts: after a change of device, delay or volume."""

    def __init__(self) -> None:
        silence = np.zeros(MICROPHONE_BLOCK, np.float32)
        self._played = deque([silence] * (REACH // MICROPHONE_BLOCK), REACH // MICROPHONE_BLOCK)
        self._heard = deque([silence] * (WINDOW // MICROPHONE_BLOCK), WINDOW // MICROPHONE_BLOCK)

    def played(self, samples: Samples) -> None:
        """Take ten milliseconds of what the loudspeaker played (480 samples, 48 kHz)."""
        block = samples.reshape(-1, _RATIO).mean(axis=1)  # a low-pass good enough for comparison
        self._played.append(block)

    def heard(self, samples: Samples) -> None:
        """Take ten milliseconds of cleaned microphone sound (160 samples, 16 kHz)."""
        self._heard.append(samples)

    def is_echo(self) -> bool:
        """Whether the latest microphone sound resembles something that was played before it."""
        return self.resemblance() > RESEMBLANCE

    def resemblance(self) -> float:
        """Return the largest normalized cross-correlation over all delays, in [0, 1]."""
        far, near = np.concatenate(self._played), np.concatenate(self._heard)
        energy = np.cumsum(np.concatenate([[0.0], far.astype(np.float64) ** 2]))
        energies = energy[WINDOW:] - energy[:-WINDOW]
        loud = energies > max(0.05 * energies.max(), WINDOW * AUDIBLE**2)
        heard = float(near @ near)
        if not loud.any() or heard < WINDOW * AUDIBLE**2:
            return 0.0
        size = 1 << (REACH + WINDOW - 1).bit_length()
        spectrum = np.fft.rfft(far, size) * np.conj(np.fft.rfft(near, size))
        correlation = np.abs(np.fft.irfft(spectrum, size)[: len(energies)])
        return float((correlation[loud] / np.sqrt(energies[loud] * heard)).max())
