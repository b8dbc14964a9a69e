"""Closes and turns the eyes of a photo: the skin above slides down as the lid, with its lashes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.engines.face.animation.pose import Pose
from avatar_app.engines.face.photo.plane import Floats, Plane, curve, smooth

_MEETS = 0.97
"""Where the lids meet, from the upper lid's rest (0) to the lower's (1)."""
_LASHES = 0.10
"""Height of the lashes above the lid's edge, in widths of the eye; they are not stretched."""
_GAZE = (0.075, 0.055)
"""How far the iris moves sideways, and up or down, in widths of the eye."""


class Eye:
    """One eye of a framed portrait."""

    def __init__(self, picture: Any, upper: Floats, lower: Floats, brow: Floats) -> None:
        across = upper[-1] - upper[0]
        self._width = wide = float(np.linalg.norm(across))
        tilt = float(np.arctan2(across[1], across[0]))
        size = picture.shape[1], picture.shape[0]
        middle = (upper[0] + upper[-1]) / 2
        self.plane = plane = Plane(
            middle, tilt, (wide * 0.72, wide * 0.8, wide * 0.72, wide * 0.5), size
        )
        self._still = plane.cut(picture).copy()
        top, bottom = plane.local(upper), plane.local(lower)
        line, soft = plane.line, wide * 0.16
        self._upper = plane.spread(curve(top, line, soft))
        self._opening = plane.spread(
            np.maximum(curve(bottom, line, soft) - curve(top, line, soft), 0)
        )
        brow_v = float(plane.local(brow)[:, 1].mean())
        self._crease = max(brow_v * 0.75, -wide * 0.62)
        """v above which a blink moves nothing."""
        self._side = smooth((wide * 0.62 - np.abs(plane.u)) / (wide * 0.14))
        self._pixel = max(wide / 60, 0.7)
        self._lash = np.percentile(self._still.reshape(-1, 3), 4, axis=0).astype(np.float32)
        inside = (plane.v - self._upper) / np.maximum(self._opening, 1e-3)
        sideways = smooth((wide * 0.42 - np.abs(plane.u)) / (wide * 0.22))
        self._ball = smooth(inside * 4) * smooth((1 - inside) * 4) * sideways

    def show(self, picture: Any, pose: Pose) -> None:
        """Change the eye's part of `picture`, which holds the still portrait."""
        closed = max(pose.blink, 1 - pose.expression.lids)
        closed = min(max(closed, 0.0), 1.0)
        gaze = pose.expression.gaze_x, pose.expression.gaze_y
        if closed < 0.01 and max(abs(gaze[0]), abs(gaze[1])) < 0.005:
            return
        part = self._looking(*gaze)
        if closed >= 0.01:
            part = self._closed(part, closed)
        self.plane.cut(picture)[:] = part

    def _looking(self, gaze_x: float, gaze_y: float) -> Any:
        du = -self._ball * np.float32(gaze_x * _GAZE[0] * self._width)
        dv = self._ball * np.float32(gaze_y * _GAZE[1] * self._width)
        return self.plane.sampled(self._still, du, dv)

    def _closed(self, part: Any, closed: float) -> Any:
        v = self.plane.v
        fall = self._opening * np.float32(_MEETS * closed) * self._side
        edge = self._upper + fall
        stiff = edge - _LASHES * self._width
        share = np.clip((v - self._crease) / np.maximum(stiff - self._crease, 1), 0, 1)
        lid = self.plane.sampled(self._still, np.zeros_like(v), -fall * share)
        over = np.clip((edge - v) / self._pixel + 0.9, 0, 1) * (fall > 0.25)
        mixed = part + (lid.astype(np.float32) - part) * over[..., None]
        mixed += (self._lash - mixed) * self._shade(v - edge, fall, closed)[..., None]
        return np.rint(mixed).astype(np.uint8)

    def _shade(self, below: Floats, fall: Floats, closed: float) -> NDArray[np.float32]:
        """The lashes' line and the lid's shadow under it."""
        wide = self._pixel * 1.5
        line = np.exp(-((below / wide) ** 2)) * 0.5
        return np.asarray(line * closed * np.clip(fall / 2, 0, 1), np.float32)


def eyes_of(picture: Any, marks: dict[str, Floats]) -> list[Eye]:
    """Both eyes of a framed portrait."""
    return [
        Eye(picture, marks[f"{side}_eye_upper"], marks[f"{side}_eye_lower"], marks[f"{side}_brow"])
        for side in ("right", "left")
    ]
