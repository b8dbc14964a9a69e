"""Warps a character's flat picture as the head turns, nods and breathes.

The picture is painted once, upright. A head that turns is the same picture with every point shifted
by its depth: the nose farthest, the hair least, the backdrop not at all. The shifts are sums of few
smooth fields, kept on a coarse grid and enlarged for each frame.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.engines.face.animation.idle_motion import breath, nod_pitch
from avatar_app.engines.face.animation.pose import REST_SMILE, Pose

Field = NDArray[np.float32]
Picture = NDArray[Any]
_STEP = 8
"""Grid spacing in pixels."""
_NO_MAP = np.empty(0, dtype=np.float32)
_PIVOT = 132.0
"""y of the neck's joint."""


class Frame(NamedTuple):
    """The position of the character in a picture."""

    width: int
    height: int
    scale: float
    """Pixels per unit of the character."""
    x: float
    """Pixel column of the face's middle."""
    y: float
    """Pixel row of the eyes."""


def framed(width: int, height: int, zoom: float = 1.0) -> Frame:
    """Place head and shoulders in a picture of any shape; the eyes are above its middle. `zoom`:
    larger or smaller than that; the figure still reaches the bottom."""
    scale = max(min(height / 470, width / 400) * zoom, height / 1000)
    return Frame(width, height, scale, width / 2, height * 0.462)


class Bending:
    """Warps pictures of one size."""

    def __init__(self, frame: Frame) -> None:
        reach = 262 * frame.scale
        left = max(int(frame.x - reach), 0)
        right = min(int(frame.x + reach) + 1, frame.width)
        self.columns = slice(left, right)
        self._size = (right - left, frame.height)
        xs = _grid(right - left) + left
        ys = _grid(frame.height)
        pixel_x, pixel_y = np.meshgrid(xs, ys)
        fields = _fields((pixel_x - frame.x) / frame.scale, (pixel_y - frame.y) / frame.scale)
        self._base = np.stack([pixel_x - left, pixel_y], axis=-1).astype(np.float32)
        self._fields = (fields * -frame.scale).reshape(len(fields), -1).astype(np.float32)

    def bend(self, picture: Picture, pose: Pose, into: Picture) -> None:
        """Warp a picture. `into`: the columns of the frame that this warp covers, like
        `picture`."""
        shift = np.asarray(_amounts(pose), dtype=np.float32) @ self._fields
        coarse = self._base + shift.reshape(self._base.shape)
        places = cv2.resize(coarse, self._size, interpolation=cv2.INTER_LINEAR)
        cv2.remap(
            picture, places, _NO_MAP, cv2.INTER_LINEAR, dst=into, borderMode=cv2.BORDER_REPLICATE
        )


def _grid(pixels: int) -> Field:
    """Return the centers of the cells of about _STEP pixels that `cv2.resize` spreads over
    `pixels`."""
    cells = max(pixels // _STEP, 2)
    return ((np.arange(cells) + 0.5) * pixels / cells - 0.5).astype(np.float32)


def _amounts(pose: Pose) -> tuple[float, ...]:
    """Return how much of each field of `_fields` a pose uses."""
    face = pose.expression
    nod = nod_pitch(pose)
    return (
        face.yaw,
        face.pitch + nod,
        np.deg2rad(face.roll),
        breath(pose.clock),
        pose.mouth.jaw,
        face.smile - REST_SMILE,
        pose.speed.yaw * 0.9 + pose.speed.roll * 0.25,
    )


def _fields(x: Field, y: Field) -> NDArray[np.float32]:
    """Return shifts in the character's units, shape (fields, rows, columns, 2)."""
    zero = np.zeros_like(x)
    head = _fall(y, 88, 205) * _fall(np.abs(x), 140, 255) * _fall(-y, 172, 240)
    round_ = np.exp(-((x / 72) ** 2) - ((y - 22) / 92) ** 2)
    nose = np.exp(-((x / 16) ** 2) - ((y - 40) / 22) ** 2)
    depth = head * (0.22 + 0.78 * round_ + 0.16 * nose)
    turn = (depth * 10.0, zero)
    tip = (zero, -(depth * 8.0 + head * 1.5))
    lean = (-(y - _PIVOT) * head, x * head)
    chest = _fall(-y, -190, -90) * _fall(y, 250, 520)
    inhale = (
        x / 200 * 1.6 * chest * _fall(np.abs(x), 170, 255),
        -(1.1 * head + 2.6 * chest * (1 - 0.4 * head)),
    )
    below = _fall(-y, -112, -78) * _fall(y, 120, 158)
    chin = (zero, 6.5 * below * _fall(np.abs(x), 26, 74))
    cheeks = np.exp(-(((np.abs(x) - 46) / 22) ** 2) - ((y - 48) / 22) ** 2)
    lift = (np.sign(x) * cheeks * 0.8, -cheeks * 3.0)
    tips = _fall(-y, -150, 20) * _fall(y, 205, 250) * _fall(-np.abs(x), -105, -70)
    trail = (-tips * 1.9 * _fall(np.abs(x), 160, 255), zero)
    pairs = (turn, tip, lean, inhale, chin, lift, trail)
    return np.stack([np.stack(pair, axis=-1) for pair in pairs]).astype(np.float32)


def _fall(value: Field, start: float, end: float) -> Field:
    """Return 1 up to `start`, 0 from `end` on, smooth between."""
    x = np.clip((end - value) / (end - start), 0.0, 1.0)
    fallen: Field = x * x * (3 - 2 * x)
    return fallen
