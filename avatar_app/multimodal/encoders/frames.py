"""Pictures as networks want them: of one size, with normalized channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from avatar_app.core.errors import InputInvalid

Pixels = NDArray[np.uint8]
"""Shape (height, width, 3), RGB."""


def normalized(
    pictures: Sequence[Pixels], size: int, mean: Sequence[float], deviation: Sequence[float]
) -> torch.Tensor:
    """Return shape (n, 3, size, size). Raises InputInvalid for what is no RGB picture."""
    check_pictures(pictures)
    rows = np.stack([resized(each, size) for each in pictures]).astype(np.float32)
    scaled = (rows / 255 - np.asarray(mean, np.float32)) / np.asarray(deviation, np.float32)
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(0, 3, 1, 2)))


def check_pictures(pictures: Sequence[Pixels]) -> None:
    """Raise InputInvalid for what is no RGB picture, or if there is none."""
    if not len(pictures):
        raise InputInvalid("There is no picture.")
    for each in pictures:
        if each.ndim != 3 or each.shape[2] != 3 or each.dtype != np.uint8 or not each.size:
            raise InputInvalid(
                f"This is no RGB picture: shape {each.shape}, numbers {each.dtype}.",
                "Pictures have the shape (height, width, 3) and bytes.",
            )


def resized(picture: Pixels, size: int) -> Pixels:
    """Return the whole picture, stretched to a square, as SigLIP was trained."""
    if picture.shape[:2] == (size, size):
        return picture
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC))
