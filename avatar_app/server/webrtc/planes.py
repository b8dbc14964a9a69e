"""Pictures as video codecs take them: brightness, and two planes of color at half the size.

They are half as large as RGB on their way to the process that encodes them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image

LARGEST = (720, 1280)
"""Height and width in pixels."""
Planes = NDArray[np.uint8]
"""I420 of a picture with even sides: shape (height × 3 / 2, width)."""


def planes_of(image: Image) -> Planes:
    """Return a picture (uint8, shape (height, width, 3), RGB) with even sides, LARGEST at most."""
    planes: Planes = np.asarray(cv2.cvtColor(_fitting(image), cv2.COLOR_RGB2YUV_I420), np.uint8)
    return planes


def _fitting(image: Image) -> Image:
    height, width = image.shape[:2]
    scale = min(1.0, LARGEST[0] / height, LARGEST[1] / width)
    size = tuple(max(2, round(side * scale) // 2 * 2) for side in (width, height))
    if size == (width, height):
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
