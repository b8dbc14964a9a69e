"""An idle loop scaled to the picture's size, with fast access to each frame."""

from __future__ import annotations

import math

import cv2
import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import Avatar, Points, group_landmarks
from avatar_app.engines.face.portrait.framing import painted, placed
from avatar_app.engines.face.portrait.idle import Idle

BYTES = 125_000_000
"""Memory limit: 90 frames of 1280 × 720. Larger ones are stored smaller, and enlarged when
shown."""

Box = tuple[float, float, float, float]


class Reel:
    """The frames as YUV 4:2:0, which is half the size of RGB and the format of most videos."""

    def __init__(
        self, avatar: Avatar, idle: Idle, width: int, height: int, zoom: float = 1.0
    ) -> None:
        """Decodes the loop, which takes a second or two."""
        self.idle = idle
        self._size = width, height
        self._scale, self._x, self._y = placed(avatar, width, height, zoom)
        share = min(1.0, math.sqrt(BYTES / (len(idle) * width * height * 1.5)))
        self._stored_size = _even(width * share), _even(height * share)
        self._frames = [self._packed(picture) for picture in idle.pictures()]

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def nbytes(self) -> int:
        return sum(frame.nbytes for frame in self._frames)

    def picture(self, index: int) -> Image:
        """Return frame `index`, shape (height, width, 3), RGB; the caller may modify it."""
        rgb = cv2.cvtColor(self._frames[index], cv2.COLOR_YUV2RGB_I420)
        if rgb.shape[1::-1] != self._size:
            rgb = cv2.resize(rgb, self._size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(rgb, np.uint8)

    def box(self, index: int) -> Box:
        """Return the face box in that frame, in pixels of the picture."""
        x0, y0, x1, y1 = self.idle.boxes[index].astype(float).tolist()
        return self.placed((x0, y0, x1, y1))

    def placed(self, box: Box) -> Box:
        """Return a box in the loop's frames in pixels of the picture."""
        x0, y0, x1, y1 = (edge * self._scale for edge in box)
        return x0 + self._x, y0 + self._y, x1 + self._x, y1 + self._y

    def marks(self, index: int) -> dict[str, Points]:
        """Return the landmarks in that frame, in pixels of the picture."""
        moved = self.idle.marks[index] * self._scale + [self._x, self._y]
        return group_landmarks(moved.astype(np.float32))

    def _packed(self, picture: Image) -> Image:
        width, height = self._size
        place = self._scale, self._x, self._y
        whole = painted(picture, place, width, height, swift=True)
        if self._stored_size != self._size:
            whole = np.asarray(cv2.resize(whole, self._stored_size, interpolation=cv2.INTER_AREA))
        return np.asarray(cv2.cvtColor(whole, cv2.COLOR_RGB2YUV_I420), np.uint8)


def _even(length: float) -> int:
    """Round to an even length: YUV 4:2:0 has one color sample per 2 × 2 pixels."""
    return max(2, round(length / 2) * 2)
