"""Makes one recording many: other rooms, noises, levels, and speech before and after it."""

from __future__ import annotations

import numpy as np

RATE = 16_000
NOISES = ("white", "pink", "brown", "hum", "clatter", "chords", "babble")


def in_room(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Direct sound, then noise that dies away in 0.1 to 0.6 s."""
    seconds = rng.uniform(0.1, 0.6)
    at = np.arange(round(seconds * RATE)) / RATE
    tail = rng.standard_normal(len(at)) * 10 ** (-3 * at / seconds)
    tail[: round(rng.uniform(0.002, 0.02) * RATE)] = 0
    tail *= 10 ** (rng.uniform(-18, 0) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    size = 1 << (len(sound) + len(tail) - 1).bit_length()
    product = np.fft.rfft(sound, size) * np.fft.rfft(tail, size)
    return np.fft.irfft(product, size)[: len(sound)]


def through_microphone(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Without what a telephone, a headset or a far microphone loses below and above."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    low, high = rng.uniform(40, 350), rng.uniform(3_000, 7_500)
    kept = 1 / np.sqrt(1 + (low / np.maximum(hertz, 1)) ** 4) / np.sqrt(1 + (hertz / high) ** 8)
    tilt = (np.maximum(hertz, 100) / 1_000) ** rng.uniform(-0.3, 0.3)
    return np.fft.irfft(spectrum * kept * tilt, len(sound))


def noise(kind: str, count: int, rng: np.random.Generator, speech: list[np.ndarray]) -> np.ndarray:
    """`count` samples of one of NOISES, at any level; babble is made of `speech`."""
    if kind in ("white", "pink", "brown"):
        slope = {"white": 0.0, "pink": 0.5, "brown": 1.0}[kind]
        spectrum = np.fft.rfft(rng.standard_normal(count))
        spectrum /= np.maximum(np.arange(len(spectrum)), 20) ** slope
        return np.fft.irfft(spectrum, count)
    at = np.arange(count) / RATE
    if kind == "hum":
        pitch = rng.choice([50, 60, 100, 120]) * rng.uniform(0.98, 1.02)
        tones = sum(np.sin(2 * np.pi * pitch * n * at) / n for n in range(1, 12))
        return np.asarray(tones) + 0.2 * rng.standard_normal(count)
    if kind == "clatter":
        hits = rng.random(count) < 4 / RATE
        decay = np.exp(-np.arange(2_400) / rng.uniform(60, 600))
        ringing = decay * rng.standard_normal(2_400)
        return np.convolve(hits * rng.standard_normal(count), ringing)[:count]
    if kind == "chords":
        made = np.zeros(count)
        for start in range(0, count, RATE // 2):
            part = at[start : start + RATE // 2]
            for pitch in 110 * 2 ** (rng.integers(0, 36, 4) / 12):
                tone = sum(np.sin(2 * np.pi * pitch * n * part) / n**1.5 for n in range(1, 6))
                made[start : start + len(part)] += tone
        return made
    voices = np.zeros(count)
    for _ in range(int(rng.integers(3, 9))):
        voices += _looped(speech[int(rng.integers(len(speech)))], count, rng)
    return voices


def _looped(sound: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    turned = np.roll(sound, int(rng.integers(len(sound))))
    return np.resize(turned, count) / max(active_level(sound), 1e-6)


def active_level(sound: np.ndarray) -> float:
    """RMS of what is not silence."""
    loud = np.abs(sound) > 0.02 * np.abs(sound).max(initial=1e-9)
    return float(np.sqrt(np.mean(np.square(sound[loud])))) if loud.any() else 0.0


def mixed(sound: np.ndarray, level: float, ratio: float, noise_sound: np.ndarray) -> np.ndarray:
    """`sound`, whose voice has the RMS `level`, with a noise `ratio` dB below that."""
    power = float(np.sqrt(np.mean(np.square(noise_sound)))) or 1.0
    return sound + noise_sound * (level * 10 ** (-ratio / 20) / power)


def at_level(sound: np.ndarray, decibels: float) -> np.ndarray:
    """The active level set to so many dBFS, clipped as a microphone clips."""
    scaled = sound * (10 ** (decibels / 20) / max(active_level(sound), 1e-6))
    return np.clip(scaled, -1, 1).astype(np.float32)
