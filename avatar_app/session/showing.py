"""What the user shows: pictures and documents of files, ready for the conversation."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.prompt import PicturePart
from avatar_app.session.eyes import SCREEN_WIDTH, as_jpeg

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
LARGEST = 50 * 2**20
"""Bytes of a picture's file."""
MOST_PIXELS = 60_000_000


def picture_of(content: bytes, name: str = "The picture") -> PicturePart:
    """Return a picture of a file's content, no larger than models need. Raises InputInvalid."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(content)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise InputInvalid(f"{name} has too many pixels.", "Make it smaller.")
            image.thumbnail((SCREEN_WIDTH, SCREEN_WIDTH))
            pixels = np.asarray(image.convert("RGB"), np.uint8)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise InputInvalid(f"{name} is damaged, or no picture.", "Choose another one.") from error
    return as_jpeg(pixels, SCREEN_WIDTH)


def picture_in(path: Path) -> PicturePart:
    """Return the picture of a file. Raises InputInvalid."""
    try:
        if path.stat().st_size > LARGEST:
            raise InputInvalid(f"{path.name} is larger than {LARGEST >> 20} MB.")
        return picture_of(path.read_bytes(), path.name)
    except OSError as error:
        raise InputInvalid(f"{path.name} can't be read: {error.strerror}.") from error
