"""Pictures of shapes and tones, made by chance with their captions: nothing is downloaded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIZE = 48
"""Pixels of a picture's side."""
RATE = 16_000
SECONDS = 0.6
COLORS = {
    "red": (215, 30, 35),
    "orange": (245, 140, 20),
    "yellow": (240, 225, 40),
    "green": (40, 160, 60),
    "blue": (35, 75, 215),
    "purple": (135, 45, 165),
    "white": (245, 245, 245),
    "black": (18, 18, 18),
}
SHAPES = ("circle", "square", "triangle", "star", "cross", "heart")
HELD_OUT_PAIRS = frozenset(
    {
        ("red", "star"), ("orange", "heart"), ("yellow", "cross"), ("green", "triangle"),
        ("blue", "circle"), ("purple", "square"), ("white", "triangle"), ("black", "cross"),
    }
)  # fmt: skip
"""Pairs of color and shape that no training contains."""
PITCHES = {"low": (110.0, 220.0), "middle": (440.0, 800.0), "high": (1600.0, 3200.0)}
"""Hertz."""
LOUDNESSES = {"quiet": (0.008, 0.025), "loud": (0.15, 0.5)}
"""Amplitude of full scale."""
_OVERSAMPLED = 3
_JITTER = 14
_CONTRAST = 70
"""Least distance of the background from the color, in steps of a channel, added over the three."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its caption."""

    pixels: NDArray[np.uint8]
    """Shape (SIZE, SIZE, 3)."""
    color: str
    shape: str


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone with its caption."""

    samples: NDArray[np.float32]
    """At RATE, SECONDS long."""
    pitch: str
    loudness: str


def draw_picture(rng: np.random.Generator, color: str, shape: str) -> Picture:
    """Draw a shape of any size, place and turn on a gray background with noise."""
    paint = np.clip(np.array(COLORS[color]) + rng.integers(-_JITTER, _JITTER + 1, 3), 0, 255)
    gray = int(rng.integers(0, 256))
    while np.abs(paint - gray).sum() < _CONTRAST * 3:
        gray = int(rng.integers(0, 256))
    side = SIZE * _OVERSAMPLED
    image = Image.new("RGB", (side, side), (gray, gray, gray))
    radius = rng.uniform(0.2, 0.38) * side
    center = rng.uniform(radius, side - radius, 2)
    turn = rng.uniform(-math.pi / 8, math.pi / 8)
    corners = outline(shape) * radius
    cosine, sine = math.cos(turn), math.sin(turn)
    turned = corners @ np.array([[cosine, sine], [-sine, cosine]]) + center
    ImageDraw.Draw(image).polygon([tuple(corner) for corner in turned], tuple(map(int, paint)))
    small = np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BOX), np.float32)
    noisy = small + rng.normal(0, rng.uniform(0, 10), small.shape)
    return Picture(np.clip(noisy, 0, 255).astype(np.uint8), color, shape)


def outline(shape: str) -> NDArray[np.float64]:
    """Return the corners of a shape within the unit circle, shape (n, 2); y points down."""
    if shape == "circle":
        return _around(np.linspace(0, 2 * np.pi, 48, endpoint=False), 1.0)
    if shape == "square":
        return _around(np.pi / 4 + np.arange(4) * np.pi / 2, 1.0)
    if shape == "triangle":
        return _around(-np.pi / 2 + np.arange(3) * 2 * np.pi / 3, 1.0)
    if shape == "star":
        radii = np.where(np.arange(10) % 2, 0.4, 1.0)
        return _around(-np.pi / 2 + np.arange(10) * np.pi / 5, radii)
    if shape == "cross":
        arm = 0.32
        quarter = np.array([[arm, -1], [arm, -arm], [1, -arm]])
        turns = [np.array([[0, 1], [-1, 0]]), -np.eye(2), np.array([[0, -1], [1, 0]])]
        return np.concatenate([quarter, *(quarter @ turn for turn in turns)])
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return np.stack([x, y - 2], axis=1) / 17


def _around(angles: NDArray[np.float64], radii: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.stack([np.cos(angles) * radii, np.sin(angles) * radii], axis=1)


def play_tone(rng: np.random.Generator, pitch: str, loudness: str) -> Tone:
    """Make a tone with some overtones, and a little noise behind it."""
    low, high = PITCHES[pitch]
    hertz = math.exp(rng.uniform(math.log(low), math.log(high)))
    quiet, loud = LOUDNESSES[loudness]
    level = math.exp(rng.uniform(math.log(quiet), math.log(loud)))
    t = np.arange(round(RATE * SECONDS)) / RATE
    overtones = (0.5**n * np.sin(2 * np.pi * hertz * n * t + rng.uniform(0, 6)) for n in (2, 3))
    tone = np.sin(2 * np.pi * hertz * t) + rng.uniform(0, 0.5) * sum(overtones)
    fade = np.clip(np.minimum(t, t[::-1]) / 0.02, 0, 1)
    samples = level * fade * tone / np.abs(tone).max() + rng.normal(0, level * 0.02, len(t))
    return Tone(samples.astype(np.float32), pitch, loudness)


def pictures(seed: int, count: int, *, held_out_pairs: bool = False) -> list[Picture]:
    """Return pictures of all pairs but the held out ones, equally often; or of those alone."""
    rng = np.random.default_rng(seed)
    pairs = [
        (color, shape)
        for color in COLORS
        for shape in SHAPES
        if ((color, shape) in HELD_OUT_PAIRS) is held_out_pairs
    ]
    return [draw_picture(rng, *pairs[at % len(pairs)]) for at in range(count)]


def tones(seed: int, count: int) -> list[Tone]:
    """Return tones of all pairs of pitch and loudness, equally often."""
    rng = np.random.default_rng(seed)
    pairs = [(pitch, loudness) for pitch in PITCHES for loudness in LOUDNESSES]
    return [play_tone(rng, *pairs[at % len(pairs)]) for at in range(count)]
