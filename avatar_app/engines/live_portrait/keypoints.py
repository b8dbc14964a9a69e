"""The implicit keypoints by which LivePortrait moves a face, and their arithmetic.

Guo et al., "LivePortrait: Efficient Portrait Animation with Stitching and Retargeting Control"
(2024): 21 points without names, in a space that spans −1 to 1 over the crop, x to the right and y
down. Angles are Hopenet's: positive yaw looks left in the picture, positive pitch up, positive roll
turns clockwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
POINTS = 21
_BINS = 66
_BIN_DEGREES, _FIRST_DEGREES = 3.0, -97.5


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """What the motion extractor sees in a face."""

    canonical: Floats
    """(21, 3): the person, without pose and expression."""
    expression: Floats
    """(21, 3): added to the turned points."""
    pitch: float
    """Degrees."""
    yaw: float
    """Degrees."""
    roll: float
    """Degrees."""
    scale: float
    shift: Floats
    """(2,): x and y."""

    @property
    def rotation(self) -> Floats:
        return rotation_of(self.pitch, self.yaw, self.roll)

    def placed(self, rotation: Floats | None = None) -> Floats:
        """Return the points in the crop, (21, 3); with another rotation if one is given."""
        turned = self.canonical @ (self.rotation if rotation is None else rotation)
        points = self.scale * (turned + self.expression)
        points[:, :2] += self.shift
        return np.asarray(points, np.float32)

    def turned(self, yaw: float, pitch: float, roll: float) -> Keypoints:
        """Return it with angles added, in degrees."""
        return replace(self, yaw=self.yaw + yaw, pitch=self.pitch + pitch, roll=self.roll + roll)


def rotation_of(pitch: float, yaw: float, roll: float) -> Floats:
    """Return the matrix that turns row vectors, (3, 3): about x, then y, then z, in degrees."""
    x, y, z = np.radians([pitch, yaw, roll])
    about_x = [[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]]
    about_y = [[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]
    about_z = [[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]]
    whole = np.array(about_z) @ np.array(about_y) @ np.array(about_x)
    return np.asarray(whole.T, np.float32)


def degrees_of(scores: Floats) -> float:
    """Return the angle that 66 scores stand for, each for 3 degrees; one number is the angle."""
    flat = scores.reshape(-1).astype(np.float64)
    if len(flat) != _BINS:
        return float(flat[0])
    shares = np.exp(flat - flat.max())
    shares /= shares.sum()
    return float(shares @ np.arange(_BINS) * _BIN_DEGREES + _FIRST_DEGREES)
