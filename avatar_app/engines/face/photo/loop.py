"""Animates an avatar from a clip: its idle loop has head, eyes and blinks; only the lips move.

The lower face of each frame is laid over that of the portrait, moved there, and what that changed
is carried back: where nothing moves, the frame stays as it is to the pixel.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image
from avatar_app.engines.face.animation.pose import Pose
from avatar_app.engines.face.photo.mouth import Lips
from avatar_app.engines.face.photo.plane import Floats
from avatar_app.engines.face.portrait.avatar import Avatar
from avatar_app.engines.face.portrait.framing import framed
from avatar_app.engines.face.portrait.reel import Reel

Place = NDArray[np.float64]
_STEADY = ("lips_outer_upper", "lips_outer_lower", "nose_base")
"""Landmarks that say how the lower face has moved."""


class LoopScene:
    """A stage of fixed size; `paint` may be called from any thread."""

    def __init__(self, avatar: Avatar, width: int, height: int, zoom: float = 1.0) -> None:
        """Needs an avatar with an idle loop; InputInvalid if the loop is damaged."""
        assert avatar.idle is not None
        self.reel = Reel(avatar, avatar.idle, width, height, zoom)
        still = framed(avatar, width, height, zoom)
        self._lips = Lips(still.picture, still.marks)
        steady = _chosen(still.marks)
        self._places = [
            similarity(steady, _chosen(self.reel.marks(index))) for index in range(len(self.reel))
        ]

    def paint(self, pose: Pose) -> Image:
        """The picture of `pose`, shape (height, width, 3), RGB."""
        index = self.reel.idle.frame_at(pose.clock)
        picture = self.reel.picture(index)
        if self._lips.are_still(pose):
            return picture
        plane = self._lips.plane
        rows, columns = plane.rows, plane.columns
        origin = np.array([[1.0, 0, columns.start], [0, 1, rows.start], [0, 0, 1]])
        place = self._places[index] @ origin
        size = columns.stop - columns.start, rows.stop - rows.start
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        part = cv2.warpAffine(picture, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        _add(picture, self._lips.moved(part, pose).astype(np.int16) - part, place)
        return picture


def _add(picture: Image, change: Any, place: Place) -> None:
    """Add a change to the picture; `place` leads from its pixels to those of the picture."""
    height, width = change.shape[:2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]]) @ place.T
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, picture.shape[1::-1])
    size = int(high[0] - low[0]), int(high[1] - low[1])
    if min(size) <= 0:
        return
    there = place.copy()
    there[:, 2] -= low
    carried = cv2.warpAffine(change, there, size, flags=cv2.INTER_CUBIC)
    into = picture[low[1] : high[1], low[0] : high[0]]
    carried += into
    into[:] = np.clip(carried, 0, 255, out=carried)


def _chosen(marks: dict[str, Floats]) -> Floats:
    return np.concatenate([marks[name] for name in _STEADY])


def similarity(points: Floats, others: Floats) -> Place:
    """The turn, scale and shift, (2, 3), that takes `points` nearest to `others`, both (n, 2).

    Least squares over complex numbers: others = a · points + b.
    """
    one = points[:, 0].astype(np.complex128) + 1j * points[:, 1]
    other = others[:, 0].astype(np.complex128) + 1j * others[:, 1]
    away = one - one.mean()
    a = np.vdot(away, other - other.mean()) / max(float(np.vdot(away, away).real), 1e-9)
    b = other.mean() - a * one.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
