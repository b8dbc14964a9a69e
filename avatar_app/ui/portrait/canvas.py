"""The portrait's pixels on the screen: scales each frame once, and finds the changed areas."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, QSize, QSizeF
from PySide6.QtGui import QImage

from avatar_app.core.values import Image

TILE = 32
"""Rows of screen pixels that are repainted together, from the first changed pixel to the last."""
SEEN = 2
"""Minimum difference (of 255 levels) for a pixel to be repainted, which is also the maximum
error."""
HEAD_ROOM = 0.3
"""Share of the vertical crop that is cut at the top."""
HALVED = 0.6
"""Scale below which pixels are averaged, so that none are skipped."""

Pixels = NDArray[np.uint8]


class Canvas:
    """Contains one picture, cropped to fill. `picture` draws from the same memory."""

    def __init__(self) -> None:
        self._pixels: Pixels = np.zeros((1, 1, 4), np.uint8)
        self._source: tuple[int, ...] = ()
        self.picture = QImage()

    def show(self, image: Image, size: QSize) -> list[QRect]:
        """Take a frame, (height, width, 3) RGB, for an area of `size` screen pixels; returns the
        changed areas in such pixels."""
        scaled = _scaled(image, size)
        if self.picture.size() != size or self._source != image.shape:
            self._source = image.shape
            self._begin(scaled, size)
            return [QRect(0, 0, size.width(), size.height())]
        moved = _moved(scaled, self._pixels)
        for part in moved:
            rows = slice(part.top(), part.bottom() + 1)
            columns = slice(part.left(), part.right() + 1)
            self._pixels[rows, columns] = scaled[rows, columns]
        return moved

    def _begin(self, scaled: Pixels, size: QSize) -> None:
        self._pixels = scaled
        form = QImage.Format.Format_RGB32
        self.picture = QImage(scaled.data, size.width(), size.height(), scaled.strides[0], form)


def cover(picture: QSizeF, target: QRectF) -> QRectF:
    """Return the part of a picture that fills `target` undistorted; heads are kept, feet
    are cut."""
    scale = max(target.width() / picture.width(), target.height() / picture.height())
    width, height = target.width() / scale, target.height() / scale
    return QRectF(
        (picture.width() - width) / 2, (picture.height() - height) * HEAD_ROOM, width, height
    )


def _scaled(image: Image, size: QSize) -> Pixels:
    """Return the scaled frame, (height, width, 4), in Format_RGB32."""
    import cv2  # the engine that drew the picture has imported it

    height, width = image.shape[:2]
    part = cover(QSizeF(width, height), QRectF(0, 0, size.width(), size.height())).toRect()
    cut = image[max(part.top(), 0) : part.bottom() + 1, max(part.left(), 0) : part.right() + 1]
    way = cv2.INTER_AREA if size.width() < HALVED * cut.shape[1] else cv2.INTER_LINEAR
    scaled = cv2.resize(cut, size.toTuple(), interpolation=way)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2BGRA), np.uint8)


def _moved(new: Pixels, old: Pixels) -> list[QRect]:
    """Return rectangles around the changed tiles: one for each row of tiles."""
    import cv2

    height, width = new.shape[:2]
    bounds = QRect(0, 0, width, height)
    difference: Any = cv2.absdiff(new, old).reshape(height, 4 * width)
    found = []
    for top in range(0, height, TILE):
        seen = np.flatnonzero(difference[top : top + TILE].max(axis=0) > SEEN)
        if len(seen):
            left, right = int(seen[0]) // 4, int(seen[-1]) // 4
            found.append(QRect(left, top, right - left + 1, TILE) & bounds)
    return found
