"""Reads AVIF, HEIC, TIFF, GIF, JPEG 2000 and other kinds of photos with Pillow and libheif."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image
from avatar_app.system.native_output import native_output_hidden

_FORMATS = ("HEIF", "AVIF", "TIFF", "JPEG2000", "GIF", "PPM", "TGA", "ICO", "ICNS", "PSD")
_HINT = "Save it as JPEG or PNG."
_BRIGHTEST = {"I;16": 65535.0, "I;16B": 65535.0, "I;16L": 65535.0, "I": 65535.0, "F": 1.0}
"""What is white, by Pillow's mode; others have 255, or convert themselves."""


def other_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height without decoding; None for a file of another format."""
    with _opened(content) as photo:
        return None if photo is None else (int(photo.width), int(photo.height))


def read_other(content: bytes, path: Path, backdrop: int) -> Image:
    """Return uint8, shape (height, width, 3), RGB, upright, over gray where it is transparent.

    Raises InputInvalid if it cannot be decoded.
    """
    from PIL import Image as Pillow
    from PIL import ImageOps

    with _opened(content) as photo:
        if photo is None:
            raise InputInvalid(f"The photo {path} has an unsupported format.", _HINT)
        try:
            with native_output_hidden():  # libtiff reports every small flaw
                upright = ImageOps.exif_transpose(_in_eight_bits(photo)).convert("RGBA")
            under = Pillow.new("RGBA", upright.size, (backdrop, backdrop, backdrop, 255))
            whole = Pillow.alpha_composite(under, upright).convert("RGB")
        except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
            raise InputInvalid(f"The photo {path} cannot be decoded.", _HINT) from error
        return np.ascontiguousarray(np.asarray(whole, np.uint8))


def is_animated(content: bytes) -> bool:
    """Whether a picture moves: a GIF may."""
    with _opened(content) as photo:
        return bool(getattr(photo, "is_animated", False))


def _in_eight_bits(photo: Any) -> Any:
    """Pillow cuts off what is brighter than 255."""
    from PIL import Image as Pillow

    white = _BRIGHTEST.get(photo.mode)
    if white is None:
        return photo
    values = np.clip(np.asarray(photo, np.float32) * (255 / white), 0, 255)
    return Pillow.fromarray(np.rint(values).astype(np.uint8))


@contextmanager
def _opened(content: bytes) -> Iterator[Any]:
    """Yield the photo, not decoded yet; None for unknown formats."""
    from PIL import Image as Pillow
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of sizes, which are looked at here, and of small flaws
            photo = Pillow.open(io.BytesIO(content), formats=_FORMATS)
    except (OSError, ValueError, SyntaxError, EOFError):
        yield None
        return
    with photo:
        yield photo
