"""Warps the photo as the head turns, nods and breathes; far from the head nothing moves.

A head that turns a little is the same picture with every point shifted by its depth. The shifts are
sums of few smooth fields, kept on a coarse grid and enlarged for each frame.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.engines.face.animation.idle_motion import breath, nod_pitch
from avatar_app.engines.face.animation.pose import REST_SMILE, Pose
from avatar_app.engines.face.photo.plane import smooth

Field = NDArray[np.float32]
_STEP = 8
"""Pixels between two points of the grid."""
_REACH = 200
"""Units to either side of the face beyond which nothing moves."""
_NO_MAP = np.empty(0, dtype=np.float32)


class Head(NamedTuple):
    """Where the head is; its unit is a hundredth of the way from the eyes to the chin."""

    x: float
    y: float
    """Between the eyes."""
    scale: float
    """Pixels per unit."""
    tilt: float
    """Radians, clockwise."""


def head_of(marks: dict[str, Any]) -> Head:
    """The head of a framed portrait."""
    right, left = marks["right_eye_upper"], marks["left_eye_upper"]
    middle = (right[0] + right[-1] + left[0] + left[-1]) / 4
    across = left[-1] - right[0]
    tall = float(np.linalg.norm(marks["jaw"][10] - middle))
    return Head(
        float(middle[0]), float(middle[1]), tall / 100, float(np.arctan2(across[1], across[0]))
    )


class Bending:
    """Bends pictures of one size."""

    def __init__(self, head: Head, width: int, height: int) -> None:
        reach = _REACH * head.scale
        left = max(int(head.x - reach), 0)
        right = min(int(head.x + reach) + 1, width)
        self.columns = slice(left, right)
        self._size = (right - left, height)
        pixel_x, pixel_y = np.meshgrid(_grid(right - left) + left, _grid(height))
        away_x, away_y = (pixel_x - head.x) / head.scale, (pixel_y - head.y) / head.scale
        c, s = np.cos(head.tilt), np.sin(head.tilt)
        fields = _fields(away_x * c + away_y * s, away_y * c - away_x * s)
        turned = np.stack(
            [fields[..., 0] * c - fields[..., 1] * s, fields[..., 0] * s + fields[..., 1] * c], -1
        )
        self._fields = (turned * -head.scale).reshape(len(turned), -1).astype(np.float32)
        self._shape = (*pixel_x.shape, 2)
        self._x = np.arange(right - left, dtype=np.float32)[None, :]
        self._y = np.arange(height, dtype=np.float32)[:, None]

    def bend(self, picture: Any, pose: Pose, into: Any) -> None:
        """`into`: the columns of the frame that this bending covers, as `picture` is."""
        amounts = np.asarray(_amounts(pose), dtype=np.float32)
        if not amounts.any():
            return
        coarse = (amounts @ self._fields).reshape(self._shape)
        shift: Any = cv2.resize(coarse, self._size, interpolation=cv2.INTER_LINEAR)
        shift[..., 0] += self._x
        shift[..., 1] += self._y
        cv2.remap(
            picture, shift, _NO_MAP, cv2.INTER_LINEAR, dst=into, borderMode=cv2.BORDER_REPLICATE
        )


def _grid(pixels: int) -> Field:
    """Centers of the cells of about _STEP pixels that `cv2.resize` spreads over `pixels`."""
    cells = max(pixels // _STEP, 2)
    return ((np.arange(cells) + 0.5) * pixels / cells - 0.5).astype(np.float32)


def _amounts(pose: Pose) -> tuple[float, ...]:
    """How much of each field of `_fields` a pose asks for."""
    face = pose.expression
    return (
        face.yaw,
        face.pitch + nod_pitch(pose),
        float(np.deg2rad(face.roll)),
        breath(pose.clock),
        face.brows + face.brow_cock * 0.5,
        face.brows - face.brow_cock * 0.5,
        face.smile - REST_SMILE,
    )


def _fields(x: Field, y: Field) -> Field:
    """Shifts in the head's units, shape (fields, rows, columns, 2)."""
    zero = np.zeros_like(x)
    head = _fall(y, 92, 200) * _fall(np.abs(x), 100, 195) * _fall(-y, 130, 215)
    round_ = np.exp(-((x / 72) ** 2) - ((y - 22) / 92) ** 2)
    nose = np.exp(-((x / 18) ** 2) - ((y - 42) / 24) ** 2)
    depth = head * (0.25 + 0.75 * round_ + 0.16 * nose)
    chest = _fall(-y, -215, -110) * _fall(y, 260, 520)
    inhale = (
        x / 200 * 1.2 * chest * _fall(np.abs(x), 130, 198),
        -(0.7 * head + 1.8 * chest * (1 - 0.4 * head)) * _fall(np.abs(x), 150, 198),
    )
    cheeks = np.exp(-(((np.abs(x) - 46) / 20) ** 2) - ((y - 48) / 22) ** 2)
    corners = np.exp(-(((np.abs(x) - 30) / 13) ** 2) - ((y - 62) / 12) ** 2)
    lift = (np.sign(x) * corners * 1.2, -cheeks * 2.0 - corners * 3.2)
    pairs = (
        (depth * 8.0, zero),
        (zero, -(depth * 6.5 + head * 1.2)),
        (-(y - 132.0) * head, x * head),
        inhale,
        (zero, -5.0 * _brow(x + 38, y)),
        (zero, -5.0 * _brow(x - 38, y)),
        lift,
    )
    return np.stack([np.stack(pair, axis=-1) for pair in pairs]).astype(np.float32)


def _brow(x: Field, y: Field) -> Field:
    return np.exp(-((x / 26) ** 2) - ((y + 26) / 17) ** 2) * _fall(y, -14, -2)


def _fall(value: Field, start: float, end: float) -> Field:
    """1 up to `start`, 0 from `end` on, smooth between."""
    return np.asarray(smooth((end - value) / (end - start)), np.float32)
