"""Voicing detection: every word has a vowel, but no cough, click or breath has."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, Samples, Word

WINDOW = 640
"""Samples that are compared with themselves: two periods of the lowest voice."""
PERIODS = slice(MICROPHONE_RATE // 400, MICROPHONE_RATE // 70)
"""Lags at which the sound repeats itself where a voice of 70–400 Hz is in it."""
VOICED = 0.6
"""Autocorrelation from which on a window counts as voiced."""
DELAY = WINDOW // (2 * MICROPHONE_BLOCK)
"""Blocks from the middle of a window to its end."""

_TAPER = np.hanning(WINDOW)


def _autocorrelation(window: NDArray[np.floating]) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(window, 2 * WINDOW)
    return np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[:WINDOW]


_TAPERS_OWN = _autocorrelation(_TAPER) / np.sum(_TAPER**2)
_INAUDIBLE = 1e-8 * WINDOW


class Voicing:
    """Detects which blocks of a stream are voiced, by normalized autocorrelation (Boersma 1993)."""

    def __init__(self) -> None:
        self._window = np.zeros(WINDOW, dtype=np.float32)
        self._voiced: list[bool] = []

    def hear(self, block: Samples) -> None:
        """Process the window that ends with `block`, of at most 160 samples."""
        self._window = np.concatenate([self._window[len(block) :], block])
        own = _autocorrelation((self._window - self._window.mean()) * _TAPER)
        repeated = own[PERIODS] / _TAPERS_OWN[PERIODS] / (own[0] + _INAUDIBLE)
        self._voiced.append(bool(repeated.max() > VOICED))

    @property
    def blocks(self) -> int:
        """Return how many blocks of the stream were voiced."""
        return sum(self._voiced)

    def share(self, words: Iterable[Word]) -> float:
        """Return the voiced share of the words, in [0, 1]; 0 without words."""
        judged = [voiced for word in words for voiced in self._during(word)]
        return sum(judged) / len(judged) if judged else 0.0

    def _during(self, word: Word) -> list[bool]:
        start, end = (round(time * 100) + DELAY for time in (word.start, word.end))
        return self._voiced[start:end]
