"""Finds faces in a picture and the 468 points of MediaPipe's mesh on each, with embedded networks.

The networks are BlazeFace and Face Mesh (see networks/README.md); one onnxruntime thread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image

Floats = NDArray[np.float32]
_NETWORKS = Path(__file__).with_name("networks")
_DETECTOR_SIDE = 128
_MESH_SIDE = 192
_SURE = 0.6
"""Score from which a detection is a face."""
_SAME = 0.3
"""Overlap (intersection over union) from which two detections are one face."""
_PRESENT = 0.5
"""Probability from which the mesh network is believed to have seen a face."""
_ROOM = (1.4, 1.5, 1.6)
"""Sides of the squares that the mesh network sees, in sides of the face; their mean is steadier."""
_SIGHTS = (1.0, 0.5, 0.28)
"""Sides of the squares that are searched, in sides of the picture: the detector needs faces that
are a tenth of what it sees."""
_CORNERS = (33, 263)
"""Outer corners of the eyes in the mesh."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face that was seen, not yet measured."""

    score: float
    centre: Floats
    """x, y in pixels."""
    side: float
    """Of the square around the face, in pixels."""
    tilt: float
    """Radians, clockwise."""


class Eyes:
    """The two networks, loaded."""

    def __init__(self) -> None:
        self._detector = _session("face_detection.onnx")
        self._mesher = _session("face_landmarks.onnx")

    def faces(self, picture: Image) -> list[Face]:
        """All faces, the largest first."""
        found = []
        for share in _SIGHTS:
            side = max(picture.shape[:2]) * share
            smaller, factor = _reduced(picture, side / _DETECTOR_SIDE)
            for x, y in _squares(smaller.shape[1], smaller.shape[0], side * factor):
                found += self._faces_in(smaller, x, y, side * factor, factor)
        distinct: list[Face] = []
        for face in sorted(found, key=lambda face: -face.score):
            if all(_overlap(face, other) < _SAME for other in distinct):
                distinct.append(face)
        real = [face for face in distinct if self.mesh(picture, face)[1] > _PRESENT]
        return sorted(real, key=lambda face: -face.side)

    def mesh(self, picture: Image, face: Face) -> tuple[Floats, float]:
        """Points, shape (468, 3), in pixels of the picture, and the probability of a face there."""
        smaller, factor = _reduced(picture, face.side * _ROOM[0] / _MESH_SIDE)
        centre, side, tilt = face.centre * factor, face.side * factor, face.tilt
        points, presence = self._mesh_in(smaller, centre, side * _ROOM[1], tilt)
        if presence > _PRESENT:  # again, now that it is known where the face ends
            centre, side, tilt = _surroundings(points)
            views = [self._mesh_in(smaller, centre, side * room, tilt) for room in _ROOM]
            points = np.mean([seen for seen, _ in views], axis=0)
            presence = min(sure for _, sure in views)
        return (points / factor).astype(np.float32), presence

    def _faces_in(
        self, picture: Image, x: float, y: float, side: float, factor: float
    ) -> list[Face]:
        pixel = side / _DETECTOR_SIDE
        middle = np.array([x + side / 2, y + side / 2], np.float32)
        seen = _cut(picture, middle, side, 0.0, _DETECTOR_SIDE)
        boxes, scores = _run(self._detector, seen / np.float32(127.5) - 1)
        sure = np.flatnonzero(scores[0, :, 0] > math.log(_SURE / (1 - _SURE)))
        keys = boxes[0].reshape(-1, 8, 2) * pixel  # centre, size, eyes, nose, mouth, ears
        offset = _ANCHORS * side + np.array([x, y], np.float32)
        return [
            Face(
                float(1 / (1 + np.exp(-scores[0, i, 0]))),
                (keys[i, 0] + offset[i]) / factor,
                float(keys[i, 1].max()) / factor,
                float(np.arctan2(*(keys[i, 3] - keys[i, 2])[::-1])),
            )
            for i in sure
        ]

    def _mesh_in(
        self, picture: Image, centre: Floats, side: float, tilt: float
    ) -> tuple[Floats, float]:
        seen = _cut(picture, centre, side, tilt, _MESH_SIDE)
        points, presence = _run(self._mesher, seen / np.float32(255))
        points = (points.reshape(-1, 3) - [_MESH_SIDE / 2, _MESH_SIDE / 2, 0]) * side / _MESH_SIDE
        turned = points @ _turning(tilt).T
        turned[:, :2] += centre
        return turned.astype(np.float32), float(1 / (1 + math.exp(-presence.item())))


def _session(name: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = str(_NETWORKS / name)
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _run(session: Any, seen: Floats) -> list[Any]:
    planes = np.ascontiguousarray(seen.transpose(2, 0, 1)[None])
    found: list[Any] = session.run(None, {session.get_inputs()[0].name: planes})
    return found


def _anchors() -> Floats:
    """Centres of BlazeFace's boxes, in sides of its input: 2 a cell of 16 × 16, 6 of 8 × 8."""
    centres = []
    for cells, each in ((16, 2), (8, 6)):
        middle = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
        centres.append(np.repeat(grid, each, axis=0))
    return np.concatenate(centres).astype(np.float32)


_ANCHORS = _anchors()


def _turning(tilt: float) -> NDArray[np.float64]:
    c, s = math.cos(tilt), math.sin(tilt)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _cut(picture: Image, centre: Floats, side: float, tilt: float, pixels: int) -> Floats:
    """A square of the picture, scaled to `pixels` a side, black where the picture ends."""
    import cv2

    scale = side / pixels
    place = np.zeros((2, 3))
    place[:, :2] = _turning(tilt)[:2, :2] * scale
    place[:, 2] = centre - place[:, :2] @ [pixels / 2 - 0.5, pixels / 2 - 0.5]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, place, (pixels, pixels), flags=flags), np.float32)


def _reduced(picture: Image, pixels: float) -> tuple[Image, float]:
    """The picture made smaller if `pixels` of it become one, and by how much: then each pixel is a
    mean, where picking single ones turns fine patterns into noise."""
    import cv2

    if pixels < 1.5:
        return picture, 1.0
    factor = 1 / pixels
    smaller = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8), factor


def _squares(width: int, height: int, side: float) -> list[tuple[float, float]]:
    """Left upper corners of squares that cover the picture, each half over the next."""
    columns, rows = (_places(length, side) for length in (width, height))
    return [(x, y) for y in rows for x in columns]


def _places(length: int, side: float) -> list[float]:
    if length <= side:
        return [(length - side) / 2]
    count = math.ceil(2 * length / side) - 1
    return [float(place) for place in np.linspace(0, length - side, count)]


def _overlap(one: Face, other: Face) -> float:
    away = np.abs(one.centre - other.centre)
    shared = np.clip((one.side + other.side) / 2 - away, 0, min(one.side, other.side)).prod()
    return float(shared / (one.side**2 + other.side**2 - shared))


def _surroundings(points: Floats) -> tuple[Floats, float, float]:
    """Centre, side and tilt of the square around a mesh."""
    between = points[_CORNERS[1], :2] - points[_CORNERS[0], :2]
    tilt = float(np.arctan2(between[1], between[0]))
    turn = _turning(tilt)[:2, :2].astype(np.float32)
    upright = points[:, :2] @ turn
    low, high = upright.min(axis=0), upright.max(axis=0)
    return (low + high) / 2 @ turn.T, float((high - low).max()), tilt
