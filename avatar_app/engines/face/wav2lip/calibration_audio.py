"""Synthetic speech-like sound for calibrating quantization ranges without a recorded voice."""

from __future__ import annotations

import numpy as np

from avatar_app.engines.face.lips.mel import RATE, WINDOW_COLUMNS, Floats, mel_spectrogram

_SYLLABLE = 0.16
"""Seconds."""
_FORMANTS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))
"""Hz: the vowels of "father", "heed", "who'd" and "head" (Peterson & Barney, 1952)."""
_WIDTH = 120.0
"""Hz of a formant."""
_LOUDNESS = (0.9, 0.3, 0.05)


def calibration_windows(count: int) -> Floats:
    """Return spectrogram windows of vowels, hisses and pauses: (count, 80, 16); the same every
    time."""
    rng = np.random.default_rng(20)
    pieces = [
        _syllable(rng, formants, pitch, loudness)
        for loudness in _LOUDNESS
        for pitch in (95.0, 210.0)
        for formants in _FORMANTS
    ]
    columns = mel_spectrogram(np.concatenate(pieces))
    starts = np.linspace(0, columns.shape[1] - WINDOW_COLUMNS, count).astype(int)
    return np.stack([columns[:, start : start + WINDOW_COLUMNS] for start in starts])


def _syllable(
    rng: np.random.Generator, formants: tuple[int, ...], pitch: float, loudness: float
) -> Floats:
    """Return a hiss, a vowel that swells and fades, a short pause."""
    length = int(_SYLLABLE * RATE)
    time = np.arange(length) / RATE
    harmonics = np.arange(1, int(RATE / 2 / pitch)) * pitch
    distances = (harmonics[:, None] - np.array(formants)) / _WIDTH
    gains = (1 / (1 + distances**2)).sum(axis=1)
    phases = 2 * np.pi * harmonics[:, None] * time + rng.uniform(0, 2 * np.pi, (len(harmonics), 1))
    vowel = (gains[:, None] * np.sin(phases)).sum(axis=0) * np.sin(np.pi * time / _SYLLABLE)
    hiss = np.diff(rng.standard_normal(length // 3 + 1)) * 0.3
    sound = np.concatenate([hiss, vowel / np.abs(vowel).max(), np.zeros(length // 4)])
    return (sound * loudness).astype(np.float32)
