"""Detects faces with BlazeFace, the built-in detector (see networks/README.md)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face_detection.crops import (
    FaceBox,
    Floats,
    bundled_network,
    cut,
    downscale,
    outputs,
)

_SIDE = 128
_SURE = 0.6
"""Score from which a detection counts as a face."""
_SIGHTS = (1.0, 0.5, 0.28)
"""Sides of the searched squares, in sides of the picture: the network needs faces of at least a
tenth of its input."""


class BlazeFace:
    """A `faces.BoxDetector`."""

    def __init__(self) -> None:
        self._network = bundled_network("face_detection.onnx")

    def faces(self, pictures: Sequence[Image]) -> list[list[FaceBox]]:
        return [list(self._faces(picture)) for picture in pictures]

    def _faces(self, picture: Image) -> Iterator[FaceBox]:
        for share in _SIGHTS:
            side = max(picture.shape[:2]) * share
            smaller, factor = downscale(picture, side / _SIDE)
            for x, y in _squares(smaller.shape[1], smaller.shape[0], side * factor):
                yield from self._faces_in(smaller, x, y, side * factor, factor)

    def _faces_in(
        self, picture: Image, x: float, y: float, side: float, factor: float
    ) -> list[FaceBox]:
        pixel = side / _SIDE
        middle = np.array([x + side / 2, y + side / 2], np.float32)
        seen = cut(picture, middle, side, 0.0, _SIDE)
        boxes, scores = outputs(self._network, seen / np.float32(127.5) - 1)
        sure = np.flatnonzero(scores[0, :, 0] > math.log(_SURE / (1 - _SURE)))
        keys = boxes[0].reshape(-1, 8, 2) * pixel  # center, size, eyes, nose, mouth, ears
        offset = _ANCHORS * side + np.array([x, y], np.float32)
        return [
            FaceBox(
                float(1 / (1 + np.exp(-scores[0, i, 0]))),
                (keys[i, 0] + offset[i]) / factor,
                float(keys[i, 1].max()) / factor,
                float(np.arctan2(*(keys[i, 3] - keys[i, 2])[::-1])),
            )
            for i in sure
        ]


def _anchors() -> Floats:
    """Return the centers of BlazeFace's boxes, in sides of its input: 2 for each cell of 16 × 16, 6
    for 8 × 8."""
    centers = []
    for cells, each in ((16, 2), (8, 6)):
        middle = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
        centers.append(np.repeat(grid, each, axis=0))
    return np.concatenate(centers).astype(np.float32)


_ANCHORS = _anchors()


def _squares(width: int, height: int, side: float) -> list[tuple[float, float]]:
    """Return the upper left corners of squares that cover the picture, overlapping by half."""
    columns, rows = (_places(length, side) for length in (width, height))
    return [(x, y) for y in rows for x in columns]


def _places(length: int, side: float) -> list[float]:
    if length <= side:
        return [(length - side) / 2]
    count = math.ceil(2 * length / side) - 1
    return [float(place) for place in np.linspace(0, length - side, count)]
