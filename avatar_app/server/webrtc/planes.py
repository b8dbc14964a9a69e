"""Pictures as video codecs take them: brightness, and two planes of color at half the size.

They are half as large as RGB on their way to the process that encodes them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image

LINES = 720
"""Height of the largest picture in pixels."""
Planes = NDArray[np.uint8]
"""I420 of a picture with even sides: shape (height × 3 / 2, width)."""


def planes_of(image: Image, lines: int = LINES) -> Planes:
    """Return a picture (uint8, shape (height, width, 3), RGB) with even sides, so many lines and
    16/9 of them wide at most."""
    height, width = image.shape[:2]
    size = fitting_size(width, height, lines)
    if size != (width, height):
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    planes: Planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420), np.uint8)
    return planes


def fitting_size(width: int, height: int, lines: int) -> tuple[int, int]:
    """Return the width and height, both even, at which a picture has so many lines at most."""
    scale = min(1.0, lines / height, lines * 16 / 9 / width)
    return _even(width * scale), _even(height * scale)


def _even(side: float) -> int:
    return max(2, round(side) // 2 * 2)
