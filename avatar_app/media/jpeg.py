"""Encodes single pictures as JPEG, smaller than they are where that is wanted."""

from __future__ import annotations

import cv2

from avatar_app.core.errors import EngineFailed
from avatar_app.core.values import Image

QUALITY = 82


def jpeg_of(image: Image, most_width: int, quality: int = QUALITY) -> bytes:
    """Return a picture (uint8, shape (height, width, 3), RGB), at most so many pixels wide."""
    height, width = image.shape[:2]
    picture = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    if width > most_width:
        size = (most_width, max(1, round(height * most_width / width)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    good, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not good:
        raise EngineFailed("A picture could not be encoded.", "Choose another size of the face.")
    return encoded.tobytes()
