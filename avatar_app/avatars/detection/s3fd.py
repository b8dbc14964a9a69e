"""Detects faces with S3FD, whose weights the user provides; pictures are scaled down first.

The published detector of the face-alignment and Wav2Lip projects: the mean color is subtracted,
boxes have variances 0.1 and 0.2 around anchors of four cells, and overlapping boxes are merged.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.avatars.detection.s3fd_graph import (
    PICTURES,
    STRIDES,
    box_name,
    expected_shapes,
    s3fd_graph,
    score_name,
)
from avatar_app.core.values import Image
from avatar_app.engines.checkpoints.reading import Published, read_weights
from avatar_app.engines.face_detection.crops import FaceBox, Floats
from avatar_app.engines.onnx_session import ErrorTexts, create_session, inference_errors

_LONGEST = 512
"""Pixels: pictures are scaled down to this; 1280 × 720 would take fifteen times as long."""
_LEAST = 64
"""Pixels: smaller pictures are padded, or nothing would be left of them in the coarsest level."""
_MEAN = np.array([104, 117, 123], np.float32)
"""Mean color of the training data: blue, green, red."""
_SHIFTS, _SIZES = 0.1, 0.2
"""Variances by which the outputs for centers and sizes are scaled, as in SSD."""
_ANCHOR = 4
"""Sides of a level's anchor boxes, in cells of its grid."""
_SURE = 0.5
"""Probability from which a detection counts as a face."""
_SAME = 0.3
"""Intersection over union from which two boxes are the same face."""
_PLACES = ("s3fd/s3fd-619a316812.pth", "s3fd-619a316812.pth", "s3fd.pth", "s3fd.safetensors")
"""File names in the folder of models: as the program downloads it, and as commonly named."""
_SENTENCES = {
    "title": "S3FD",
    "network": "the S3FD face detector",
    "where": "Type: avatar-app models download s3fd, or use the built-in detector.",
    "which": "Use s3fd.pth (s3fd-619a316812.pth), the file of Wav2Lip and face-alignment.",
}
_TEXTS = ErrorTexts(
    title="S3FD",
    if_out_of_memory="Set avatars.detector_batch=1, or avatars.detector=builtin.",
    if_failed="Use the built-in detector.",
)


class S3fd:
    """`model`: the checkpoint; `batch`: pictures processed at once.

    Raises ModelMissing if the weights are missing, InputInvalid if they are damaged or another
    network's, OutOfMemory.
    """

    def __init__(self, model: Path, batch: int = 1) -> None:
        state = read_weights(model, _published())
        threads = min(os.cpu_count() or 1, 8)
        with inference_errors(_TEXTS):
            self._network = create_session(s3fd_graph(state), threads, has_fixed_shapes=False)
        self._batch = batch

    def faces(self, pictures: Sequence[Image]) -> list[list[FaceBox]]:
        """Return the faces of each picture as squares."""
        return [[_square(box) for box in boxes] for boxes in self.boxes(pictures)]

    def boxes(self, pictures: Sequence[Image]) -> list[Floats]:
        """Return the faces of each picture, shape (n, 5): x0, y0, x1, y1 in pixels, probability."""
        found: list[Floats] = []
        for _, alike in groupby(pictures, key=np.shape):
            same = list(alike)
            for begin in range(0, len(same), self._batch):
                found += self._boxes(same[begin : begin + self._batch])
        return found

    def _boxes(self, pictures: list[Image]) -> list[Floats]:
        factor = min(1.0, _LONGEST / max(pictures[0].shape[:2]))
        planes = np.stack([_seen(picture, factor) for picture in pictures])
        outputs = self._run(planes)
        return [_found(outputs, index) / [*[factor] * 4, 1] for index in range(len(pictures))]

    def _run(self, planes: Floats) -> dict[str, Floats]:
        names = [output.name for output in self._network.get_outputs()]
        with inference_errors(_TEXTS):
            values = self._network.run(None, {PICTURES: planes})
        return dict(zip(names, values, strict=True))


def weights_in(folder: Path) -> Path:
    """Return the path of the weights in the folder of models, or where they should be."""
    candidates = (folder / name for name in _PLACES)
    return next((path for path in candidates if path.is_file()), folder / _PLACES[0])


def _published() -> Published:
    return Published(**_SENTENCES, shapes=expected_shapes())


def _seen(picture: Image, factor: float) -> Floats:
    """Return the network's input (3, height, width): BGR less the mean, padded with zeros."""
    import cv2

    if factor < 1:
        smaller = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        picture = np.asarray(smaller, np.uint8)
    height, width = picture.shape[:2]
    planes = np.zeros((3, max(height, _LEAST), max(width, _LEAST)), np.float32)
    planes[:, :height, :width] = (picture[..., ::-1] - _MEAN).transpose(2, 0, 1)
    return planes


def _found(outputs: dict[str, Floats], index: int) -> Floats:
    """Return the faces of one picture of the batch, shape (n, 5)."""
    levels = [_of_level(outputs, index, level) for level in range(len(STRIDES))]
    return _distinct(np.concatenate(levels))


def _of_level(outputs: dict[str, Floats], index: int, level: int) -> Floats:
    """Return boxes and probabilities of the cells above the threshold, shape (n, 5)."""
    scores = outputs[score_name(level)][index, 0]
    rows, columns = np.nonzero(scores > _SURE)
    said = outputs[box_name(level)][index][:, rows, columns].T
    cell, anchor = STRIDES[level], STRIDES[level] * _ANCHOR
    centers = (np.stack([columns, rows], axis=1) + 0.5) * cell + said[:, :2] * _SHIFTS * anchor
    with np.errstate(over="ignore"):
        halves = anchor * np.exp(said[:, 2:] * _SIZES) / 2
    boxes = np.concatenate([centers - halves, centers + halves, scores[rows, columns, None]], 1)
    return np.asarray(boxes[np.isfinite(boxes).all(axis=1)], np.float32)


def _distinct(boxes: Floats) -> Floats:
    """Keep the most probable of overlapping boxes (non-maximum suppression)."""
    left = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    chosen = []
    while len(left):
        first, left = left[0], left[1:]
        chosen.append(first)
        left = left[_overlaps(first, left) <= _SAME]
    return np.stack(chosen) if chosen else boxes


def _overlaps(box: Floats, others: Floats) -> NDArray[Any]:
    """Return intersections over union; a started pixel counts as one, as in the published
    detector."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:4], others[:, 2:4])
    shared = np.clip(high - low + 1, 0, None).prod(axis=1)
    areas = (others[:, 2:4] - others[:, :2] + 1).prod(axis=1)
    return np.asarray(shared / (areas + (box[2:4] - box[:2] + 1).prod() - shared))


def _square(box: Floats) -> FaceBox:
    center = ((box[:2] + box[2:4]) / 2).astype(np.float32)
    return FaceBox(float(box[4]), center, float((box[2:4] - box[:2]).mean()), 0.0)
