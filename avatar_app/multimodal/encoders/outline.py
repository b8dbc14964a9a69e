"""Encodes a picture of one figure by its color and its outline; nothing in it is learned.

It serves the shipped projections, where the weights of SigLIP are not at hand: it knows nothing but
one figure before an even background.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from avatar_app.core.errors import InputInvalid
from avatar_app.multimodal.encoders.frames import Pixels, check_pictures

Points = NDArray[np.complex128]
"""Of an outline: x + iy, in pixels."""

_SIDE = 96
"""Pixels that a picture is brought to."""
_POINTS = 64
"""Evenly spaced on the outline, before the Fourier transform."""
_FREQUENCIES = (*range(1, 8), *range(-7, -1))
"""All but −1, a circle's, which is the largest always."""
_COLORS, _RATIOS = 3, 4
_MARGIN = np.ones((5, 5), np.uint8)
"""What is taken off the figure before its color is read: pixels of the edge are mixed."""
_MIDDLE_COLOR, _COLOR_SPREAD = 0.5, 0.35
_MAGNITUDE_SPREAD = 0.05
_MIDDLE_RATIO, _RATIO_SPREAD = 0.7, 0.18
"""So that all numbers are about as large as 1."""


class OutlineEncoder:
    """Two vectors for each picture: the figure's color, and the magnitudes of its Fourier
    descriptor (Granlund, 1972), which are the same wherever it is, however large or turned, with
    the ratios of its area to those of its hull and of the circle and rectangle around it.

    Each is zero where the other one has its numbers, so that one projection maps both, apart from
    each other.
    """

    dim = _COLORS + len(_FREQUENCIES) + _RATIOS

    def encode(self, pictures: Sequence[Pixels]) -> torch.Tensor:
        """Return (n, 2, dim). Raises InputInvalid for what is no RGB picture, or shows nothing."""
        check_pictures(pictures)
        rows = np.zeros((len(pictures), 2, self.dim), np.float32)
        for row, picture in zip(rows, pictures, strict=True):
            size = (_SIDE, _SIDE)
            scaled = np.asarray(cv2.resize(picture, size, None, 0, 0, cv2.INTER_CUBIC), np.uint8)
            contour = _contour(scaled)
            row[0, :_COLORS] = (_color(scaled, contour) - _MIDDLE_COLOR) / _COLOR_SPREAD
            row[1, _COLORS:-_RATIOS] = _descriptor(contour) / _MAGNITUDE_SPREAD
            row[1, -_RATIOS:] = (_ratios(contour) - _MIDDLE_RATIO) / _RATIO_SPREAD
        return torch.from_numpy(rows)


def _contour(picture: Pixels) -> Any:
    """Return the outline of the largest thing that differs from the picture's border."""
    smooth = cv2.GaussianBlur(picture, (5, 5), 0).astype(np.float32)
    border = np.concatenate([smooth[0], smooth[-1], smooth[:, 0], smooth[:, -1]])
    distance = np.abs(smooth - np.median(border, axis=0)).sum(axis=2)
    scaled = (255 * distance / max(float(distance.max()), 1.0)).astype(np.uint8)
    _, mask = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=None)
    if largest is None or cv2.contourArea(largest) < _POINTS:
        raise InputInvalid("The picture shows no figure.", "It wants one, before an even ground.")
    return largest


def _color(picture: Pixels, contour: Any) -> NDArray[np.float64]:
    """Return the median color within, from 0 to 1."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.drawContours(mask, [contour], -1, 255, -1)
    within = cv2.erode(mask, _MARGIN)
    chosen = within if within.any() else mask
    return np.asarray(np.median(picture[chosen > 0], axis=0) / 255)


def _descriptor(contour: Any) -> NDArray[np.float64]:
    """Return the magnitudes of _FREQUENCIES, relative to that of −1."""
    points: Points = contour[:, 0, 0] + 1j * contour[:, 0, 1]
    closed = np.append(points, points[0])
    walked = np.concatenate([[0], np.cumsum(np.abs(np.diff(closed)))])
    even = np.interp(np.linspace(0, walked[-1], _POINTS, endpoint=False), walked, closed)
    magnitudes = np.abs(np.fft.fft(even - even.mean()))
    return np.asarray(magnitudes[list(_FREQUENCIES)] / magnitudes[-1])


def _ratios(contour: Any) -> NDArray[np.float64]:
    area, length = cv2.contourArea(contour), cv2.arcLength(contour, closed=True)
    hull = cv2.contourArea(cv2.convexHull(contour))
    _, radius = cv2.minEnclosingCircle(contour)
    width, height = cv2.minAreaRect(contour)[1]
    around = (hull, np.pi * radius**2, width * height, length**2 / (4 * np.pi))
    return area / np.maximum(around, 1.0)
