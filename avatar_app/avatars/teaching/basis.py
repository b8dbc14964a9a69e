"""Principal components of pictures: the few patterns of which all of a mouth's pictures are mixed.

Computed from the products of the pictures with each other, which are far fewer than their pixels
(Turk & Pentland, "Eigenfaces for Recognition", 1991).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image

Floats = NDArray[np.float32]
_STILL = 1.0
"""Variance of that which does not move, but for the rounding of numbers."""
_FAINTEST = 1e-6
"""Smallest share of the whole variance that a component stands for."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureBasis:
    """An orthonormal basis: distances between coefficients are distances between pictures."""

    mean: Floats
    """(pixels,), in levels of 0 to 255."""
    components: Floats
    """(coefficients, pixels)."""

    def coefficients(self, pictures: Image | Floats) -> Floats:
        """Return (n, coefficients) of pictures (n, …), uint8, or of values."""
        return np.asarray((_flat(pictures) - self.mean) @ self.components.T, np.float32)


def picture_basis(pictures: Image, most: int) -> PictureBasis:
    """Return at most `most` components of pictures (n, …), uint8; those with the most variance."""
    return basis_of(_flat(pictures), most)


def basis_of(values: Floats, most: int) -> PictureBasis:
    """Return at most `most` components of values (n, values), whatever they mean."""
    mean = values.mean(axis=0)
    flat = values - mean
    variances, mixtures = np.linalg.eigh(flat @ flat.T)
    order = np.argsort(variances)[::-1][: min(most, len(flat))]
    order = order[variances[order] > _FAINTEST * max(float(variances.sum()), _STILL)]
    if not len(order):  # nothing moves
        return PictureBasis(mean, np.zeros((1, len(mean)), np.float32))
    components = mixtures[:, order].T.astype(np.float32) @ flat
    components /= np.linalg.norm(components, axis=1, keepdims=True)
    return PictureBasis(mean, np.asarray(components, np.float32))


def _flat(pictures: Image | Floats) -> Floats:
    return pictures.reshape(len(pictures), -1).astype(np.float32, copy=False)
