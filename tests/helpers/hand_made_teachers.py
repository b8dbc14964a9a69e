"""Teachers whose answer is known: lips that follow the loudness of two bands, and nothing else."""

from __future__ import annotations

import numpy as np

from avatar_app.avatars.teaching.course import Course
from avatar_app.engines.face.lips.region import Region
from avatar_app.engines.face.student.weights import CHANNELS, INPUTS, Student
from avatar_app.engines.face.taught.mixture import Dense

SHORT = Course(
    seconds=25.0, held_out=6.0, every=6, widths=(96,), components=8, looked_at=400, epochs=10
)
"""A course of seconds."""


class LoudTeacher:
    """The mouth opens by the low bands of the window's sixth column, and the lips spread by the
    high ones of its tenth."""

    name = "loud"

    def __init__(self, region: Region) -> None:
        self.region = region
        rows, columns = region.shape
        down, across = np.mgrid[0:rows, 0:columns]
        middle = np.hypot((down - rows / 2) / rows, (across - columns / 2) / columns)
        self._open = 90 * np.exp(-((middle / 0.2) ** 2))
        self._wide = 50 * np.exp(-(((down - rows / 2) / rows / 0.1) ** 2)) * (across / columns)
        self._rest = 150 + 40 * np.sin(across / 5)

    def paint(self, mels: np.ndarray) -> np.ndarray:
        levels = self._rest - self.opening(mels)[:, None, None] * self._open
        levels = levels + self._spread(mels)[:, None, None] * self._wide
        return np.repeat(np.clip(np.rint(levels), 0, 255)[..., None], 3, axis=3).astype(np.uint8)

    def opening(self, mels: np.ndarray) -> np.ndarray:
        return np.asarray((mels[:, :30, 5].mean(axis=1) + 4) / 8)

    def _spread(self, mels: np.ndarray) -> np.ndarray:
        return np.asarray((mels[:, 50:, 9].mean(axis=1) + 4) / 8)


def random_student(region: Region, face: str) -> Student:
    """A student of chance, for what does not depend on what it has learned."""
    rng = np.random.default_rng(5)
    rows, columns = region.shape
    pixels = rows * columns * CHANNELS

    def drawn(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(np.float32)

    layers = (Dense(drawn(INPUTS, 12) / 30, drawn(12)), Dense(drawn(12, 4), drawn(4)))
    linear = Dense(drawn(INPUTS, 4) / 40, drawn(4))
    basis, mean = drawn(4, pixels) * 4, drawn(pixels) * 9 + 128
    return Student(linear, layers, basis, mean, region, face, "chance", 40.0)
