"""Synthetic noises that are not words: cough, click, knock, typing, breath, clearing the throat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.session.offline.simulated_user import at_level

Noise = Callable[[np.random.Generator], Samples]


def cough(rng: np.random.Generator) -> Samples:
    """Return two bursts of shaped noise, each with an abrupt start and a voiceless tail."""
    bursts = [_burst(rng, 0.28, 0.07, (700, 1300, 2600)), _burst(rng, 0.2, 0.05, (600, 1200, 2400))]
    return np.concatenate([bursts[0], np.zeros(1600, np.float32), bursts[1]])


def throat(rng: np.random.Generator) -> Samples:
    """Return noise that flutters at some 25 Hz."""
    sound = _burst(rng, 0.4, 0.3, (500, 1100, 2300))
    time = np.arange(len(sound)) / MICROPHONE_RATE
    flutter = 0.5 + 0.5 * np.sin(2 * np.pi * 25 * time)
    return (sound * flutter).astype(np.float32)


def click(rng: np.random.Generator) -> Samples:
    """Return a mouse click."""
    return np.concatenate([_burst(rng, 0.02, 0.004, (3000,)), _burst(rng, 0.02, 0.003, (2500,))])


def knock(rng: np.random.Generator) -> Samples:
    """Return two knocks on a table."""
    one = _burst(rng, 0.15, 0.03, (140, 420))
    return np.concatenate([one, np.zeros(1600, np.float32), one])


def typing(rng: np.random.Generator) -> Samples:
    """Return five keystrokes."""
    strokes = []
    for _ in range(5):
        strokes.append(_burst(rng, 0.05, 0.008, (1800, 3600)))
        strokes.append(np.zeros(int(rng.uniform(0.05, 0.15) * MICROPHONE_RATE), np.float32))
    return np.concatenate(strokes)


def breath(rng: np.random.Generator) -> Samples:
    """Return a deep breath near the microphone."""
    sound = rng.standard_normal(int(0.6 * MICROPHONE_RATE)) * np.hanning(int(0.6 * MICROPHONE_RATE))
    return at_level(_formants(sound.astype(np.float32), (900, 2200)), -38.0)


NOISES: dict[str, Noise] = {
    "cough": cough,
    "throat": throat,
    "click": click,
    "knock": knock,
    "typing": typing,
    "breath": breath,
}


def noise_number(index: int, rng: np.random.Generator) -> tuple[str, Samples]:
    """Return a noise as loud as the user's words: every other one is a cough; the others take
    turns."""
    others = [name for name in NOISES if name != "cough"]
    name = "cough" if index % 2 == 0 else others[index // 2 % len(others)]
    return name, NOISES[name](rng)


def _burst(
    rng: np.random.Generator, seconds: float, decay: float, formants: tuple[int, ...]
) -> Samples:
    time = np.arange(int(seconds * MICROPHONE_RATE)) / MICROPHONE_RATE
    envelope = np.minimum(time / 0.003, 1.0) * np.exp(-time / decay)
    sound = _formants(rng.standard_normal(len(time)), formants) * envelope
    return at_level(sound.astype(np.float32), -24.0)


def _formants(sound: NDArray[np.floating[Any]], centers: tuple[int, ...]) -> Samples:
    """Filter noise through resonances 15 % wide, on a floor 15 dB down."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / MICROPHONE_RATE)
    gain = np.full(len(hertz), 0.18)
    for center in centers:
        gain += np.exp(-(((hertz - center) / (0.15 * center)) ** 2))
    return np.fft.irfft(spectrum * gain, len(sound)).astype(np.float32)
