"""A teacher of the whole head whose answer is known: a drawn head that moves by its parameters.

Everything is a function of the motion: the head turns about its neck and shows parallax, irises
follow the gaze, lids close from above, brows rise, corners of the mouth rise, lips part. It is
drawn at half the size, as LivePortrait's generator works.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.core.generation import FaceMotion
from avatar_app.core.values import Image
from avatar_app.engines.face.whole_head.head import SIDE

Plane = NDArray[np.floating[Any]]
_SOFT = 1.5
"""Pixels within which one color becomes another one."""
_MIDDLE, _NECK = (256.0, 250.0), (256.0, 430.0)
_HEAD = (118.0, 150.0)
EYES = ((206.0, 225.0), (306.0, 225.0))
EYE = (30.0, 15.0)
MOUTH = (256.0, 322.0)
IRIS, GAZE = 11.0, 10.0
"""Radius of an iris, and how far it goes, in pixels."""
TURN = 1.2
"""Pixels by which a degree moves what is nearest."""
_SKIN, _WHITE, _DARK = (205, 160, 135), (238, 236, 232), (38, 26, 24)
_HAIR, _LIPS, _COAT, _INSIDE = (70, 48, 36), (176, 88, 86), (60, 84, 128), (52, 16, 20)


class DrawnHead:
    """Implements `avatars.teaching.watched.HeadTeacher`."""

    name = "drawn_head"

    def __init__(self) -> None:
        place = np.arange(SIDE // 2, dtype=np.float32) * 2 + 1
        self._x, self._y = np.meshgrid(place, place)
        waves = np.sin(self._x / 19) * np.cos(self._y / 23) + np.sin((self._x + self._y) / 11)
        self._still = np.stack([90 + 14 * waves, 105 + 10 * waves, 96 + 12 * waves], axis=-1)
        coat = _reach((self._x - 256) / 220, (self._y - 560) / 150)
        _over(self._still, _COAT, _inside(coat, 150))

    def paint(self, motion: FaceMotion) -> Image:
        """See `HeadTeacher`."""
        picture = self._still.copy()
        x, y = self._turned(motion)
        _over(picture, _HAIR, _inside(_reach((x - 256) / 132, (y - 225) / 158), 132))
        reach = _reach((x - _MIDDLE[0]) / _HEAD[0], (y - _MIDDLE[1]) / _HEAD[1])
        shade = 1 - 0.28 * reach**2 + 0.03 * np.sin(x / 9) * np.sin(y / 13)
        _over(picture, shade[..., None] * np.array(_SKIN, np.float32), _inside(reach, _HEAD[0]))
        for right, down in EYES:
            self._eye(*_around(picture, x, y, (right, down), 64), motion)
        self._mouth(*_around(picture, x, y, MOUTH, 90), motion)
        small = np.rint(np.clip(picture, 0, 255)).astype(np.uint8)
        return np.asarray(cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)

    def _turned(self, motion: FaceMotion) -> tuple[Plane, Plane]:
        """Return where in the head at rest each pixel lies."""
        angle = np.radians(motion.roll)
        right, down = self._x - _NECK[0], self._y - _NECK[1]
        near = 1 / (1 + motion.zoom)
        x = (np.cos(angle) * right + np.sin(angle) * down) * near + _NECK[0]
        y = (np.cos(angle) * down - np.sin(angle) * right) * near + _NECK[1]
        depth = cv2.exp(-(((x - 256) / 150) ** 2 + ((y - 270) / 170) ** 2))
        x = x - TURN * motion.yaw * depth
        return np.asarray(x, np.float32), np.asarray(y + TURN * motion.pitch * depth, np.float32)

    def _eye(self, picture: Plane, x: Plane, y: Plane, motion: FaceMotion) -> None:
        open_eye = _inside(_reach(x / EYE[0], y / EYE[1]), EYE[1])
        lid = -EYE[1] + 2.2 * EYE[1] * motion.blink
        seen = open_eye * _rise(y - lid)
        _over(picture, _WHITE, seen)
        iris = _reach(x - GAZE * motion.gaze_x, y + 0.5 * GAZE * motion.gaze_y)
        _over(picture, _DARK, seen * _rise(IRIS - iris))
        _over(picture, _DARK, 0.6 * open_eye * _rise(3 - np.abs(y - lid)))
        brow = np.abs(y + 34 + 9 * motion.brows + (x / 22) ** 2 * -3)
        _over(picture, _HAIR, _rise(4.5 - brow) * _rise(34 - np.abs(x)))

    def _mouth(self, picture: Plane, x: Plane, y: Plane, motion: FaceMotion) -> None:
        wide = 44 * (1 + 0.22 * motion.mouth_width + 0.12 * motion.smile)
        y = y + 12 * motion.smile * ((x / 44) ** 2 - 0.5)
        tall = 2 + 24 * motion.mouth_open
        lips = _reach(x / (wide + 7), y / (tall + 8))
        _over(picture, _LIPS, _inside(lips, tall + 8))
        _over(picture, _INSIDE, _inside(_reach(x / wide, y / tall), tall))


def _around(
    picture: Plane, x: Plane, y: Plane, place: tuple[float, float], wide: int
) -> tuple[Plane, Plane, Plane]:
    """Return the part of a picture around a place, and the ways from there."""
    left, top = (int(each) // 2 - wide // 2 for each in place)
    part = slice(max(top, 0), top + wide), slice(max(left, 0), left + wide)
    return picture[part], x[part] - place[0], y[part] - place[1]


def _reach(x: Plane, y: Plane) -> Plane:
    return np.asarray(np.hypot(x, y), np.float32)


def _inside(reach: Plane, scale: float) -> Plane:
    """Return the opacity of what ends where `reach` is 1, with a soft edge."""
    return _rise((1 - reach) * scale)


def _rise(pixels: Plane) -> Plane:
    return np.asarray(np.clip(pixels / (2 * _SOFT) + 0.5, 0, 1), np.float32)


def _over(picture: Plane, color: object, share: Plane) -> None:
    """Paint a color over the picture."""
    picture += (np.asarray(color, np.float32) - picture) * share[..., None]
