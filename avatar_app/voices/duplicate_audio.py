"""Detects whether two recordings share audio: copied, converted or amplified."""

from __future__ import annotations

import numpy as np

from avatar_app.core.values import MICROPHONE_RATE, Samples

SAME = 0.75
"""Correlation from which a second of sound counts as a copy. The same voice saying other things:
0.62 at most (synthesized, 128 recordings; no person repeats a wave); a copy in noise at 10 dB:
0.95."""
_PIECE = MICROPHONE_RATE
_FAINT = 0.01
"""Share of a recording's mean energy below which a passage is silence, which resembles any
other."""


def share_sound(one: Samples, other: Samples) -> bool:
    """Whether any whole second of `one` (16 kHz) occurs anywhere in `other`."""
    pieces = one[: len(one) // _PIECE * _PIECE].reshape(-1, _PIECE).astype(np.float64)
    if len(other) < _PIECE or not len(pieces):
        return False
    length = 1 << (len(other) + _PIECE).bit_length()
    spectrum = np.fft.rfft(other, length)
    energies = np.concatenate([[0.0], np.cumsum(other.astype(np.float64) ** 2)])
    parts = np.maximum(energies[_PIECE:] - energies[:-_PIECE], _energy_of_silence(other))
    quietest = _energy_of_silence(one)
    return any(
        _likeness(piece, spectrum, parts, length) >= SAME
        for piece in pieces
        if np.sum(piece**2) > quietest
    )


def _likeness(
    piece: np.ndarray[tuple[int], np.dtype[np.float64]],
    spectrum: np.ndarray[tuple[int], np.dtype[np.complex128]],
    parts: np.ndarray[tuple[int], np.dtype[np.float64]],
    length: int,
) -> float:
    """Return the largest normalized cross-correlation, of either polarity."""
    products = np.fft.irfft(spectrum * np.conj(np.fft.rfft(piece, length)), length)[: len(parts)]
    return float(np.max(np.abs(products) / np.sqrt(parts * np.sum(piece**2))))


def _energy_of_silence(samples: Samples) -> float:
    """Return the silence energy of one piece."""
    mean = float(np.mean(np.square(samples, dtype=np.float64)))
    return max(mean * _PIECE * _FAINT, 1e-12)
