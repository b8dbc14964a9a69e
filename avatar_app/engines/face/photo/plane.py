"""A small rotated plane on the picture, with the pixels around a facial feature."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_FINE = 4
"""Entries of a curve's table per pixel."""
_NO_MAP = np.empty(0, dtype=np.float32)


class Plane:
    """The pixels within `reach` (left, up, right, down) of `origin`, the axes turned by `tilt`.

    u runs to the right and v down, in pixels from the origin.
    """

    def __init__(
        self,
        origin: Floats,
        tilt: float,
        reach: tuple[float, float, float, float],
        size: tuple[int, int],
    ) -> None:
        self.origin = origin.astype(np.float64)
        self._cos, self._sin = float(np.cos(tilt)), float(np.sin(tilt))
        corners = [(u, v) for u in (-reach[0], reach[2]) for v in (-reach[1], reach[3])]
        placed = np.array([self._placed(u, v) for u, v in corners])
        low = np.clip(np.floor(placed.min(axis=0)), 0, [size[0] - 1, size[1] - 1]).astype(int)
        high = np.clip(np.ceil(placed.max(axis=0)) + 1, low + 1, size).astype(int)
        self.rows, self.columns = slice(low[1], high[1]), slice(low[0], high[0])
        x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
        self._x = (x - low[0]).astype(np.float32)
        self._y = (y - low[1]).astype(np.float32)
        away_x, away_y = x - self.origin[0], y - self.origin[1]
        self.u = (away_x * self._cos + away_y * self._sin).astype(np.float32)
        self.v = (away_y * self._cos - away_x * self._sin).astype(np.float32)
        first = np.floor(self.u.min()) - 1
        count = int((np.ceil(self.u.max()) + 2 - first) * _FINE)
        self.line = (first + np.arange(count) / _FINE).astype(np.float32)
        """Places along u at which curves are tabulated."""
        self._index = np.rint((self.u - first) * _FINE).astype(np.int32)

    def local(self, points: Floats) -> Floats:
        """Points of the picture as (u, v)."""
        away = points - self.origin
        u = away[:, 0] * self._cos + away[:, 1] * self._sin
        v = away[:, 1] * self._cos - away[:, 0] * self._sin
        return np.stack([u, v], axis=-1).astype(np.float32)

    def seen(self, part: Floats, places: Floats) -> Floats:
        """Values of `part` (as `cut` gives a picture) at places (u, v), shape (n,)."""
        placed = np.array([self._placed(float(u), float(v)) for u, v in places])
        columns = np.rint(placed[:, 0]).astype(int) - self.columns.start
        rows = np.rint(placed[:, 1]).astype(int) - self.rows.start
        height, width = part.shape[:2]
        found = part[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
        return np.asarray(found, np.float32)

    def spread(self, table: Floats) -> Floats:
        """A curve over `line` at every pixel."""
        return np.asarray(np.take(table, self._index), np.float32)

    def cut(self, picture: Any) -> Any:
        """The plane's part of a picture: a view."""
        return picture[self.rows, self.columns]

    def sampled(self, part: Any, du: Floats, dv: Floats) -> Any:
        """Each pixel from `part` (as `cut` gives it) `du`, `dv` away."""
        x = self._x + du * self._cos - dv * self._sin
        y = self._y + du * self._sin + dv * self._cos
        return cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def _placed(self, u: float, v: float) -> Floats:
        away = np.array([u * self._cos - v * self._sin, u * self._sin + v * self._cos])
        return np.asarray(self.origin + away, np.float32)


def curve(points: Floats, line: Floats, softness: float) -> Floats:
    """v over `line` through points (u, v), rounded over `softness` pixels; flat beyond its ends."""
    order = np.argsort(points[:, 0])
    values = np.interp(line, points[order, 0], points[order, 1])
    width = int(softness * _FINE) | 1
    kernel = np.hanning(width + 2)[1:-1]
    padded = np.pad(values, width // 2, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid").astype(np.float32)


def smooth(x: Any) -> Any:
    """0 below 0, 1 above 1, smooth between."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)
