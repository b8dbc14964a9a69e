"""Detects faces in a picture, with the 468 points of MediaPipe's face mesh on each.

A detector proposes faces: BlazeFace, which is built-in, or another one. Face Mesh, built-in too
(see networks/README.md), measures them and confirms that they are faces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face_detection.crops import (
    FaceBox,
    Floats,
    bundled_network,
    cut,
    downscale,
    outputs,
    overlap,
    turning,
)

_MESH_SIDE = 192
_SAME = 0.3
"""Overlap (intersection over union) from which two detections are one face."""
_PRESENT = 0.5
"""Probability from which the mesh network is trusted to have seen a face."""
_ROOM = (1.4, 1.5, 1.6)
"""Sides of the squares for the mesh network, in face sizes; their mean is more stable."""
_LEANING = 0.08
"""Radians by which a face may be tilted in the network's input: it works best on upright faces."""
_TRIES = 4
"""Number of rotations of the square for that; detectors that report no tilt need two or three."""
_CORNERS = (33, 263)
"""Outer corners of the eyes in the mesh."""


class BoxDetector(Protocol):
    """Proposes where faces may be."""

    def faces(self, pictures: Sequence[Image]) -> list[list[FaceBox]]:
        """Return for each picture, uint8, (height, width, 3), RGB, its faces in any order; a face
        may be returned several times."""


class FaceDetector:
    """A box detector and the mesh network, loaded."""

    def __init__(self, detector: BoxDetector | None = None) -> None:
        from avatar_app.engines.face_detection.blazeface import BlazeFace

        self._detector = detector or BlazeFace()
        self._mesher = bundled_network("face_landmarks.onnx")

    def faces(self, picture: Image) -> list[FaceBox]:
        """Return all faces, the largest first."""
        return self.faces_in_each([picture])[0]

    def faces_in_each(self, pictures: Sequence[Image]) -> list[list[FaceBox]]:
        """Return all faces of each picture, the largest first; faster than one picture after
        another where the detector processes several at once."""
        found = self._detector.faces(pictures)
        return [self._real(*each) for each in zip(pictures, found, strict=True)]

    def _real(self, picture: Image, found: list[FaceBox]) -> list[FaceBox]:
        distinct: list[FaceBox] = []
        for face in sorted(found, key=lambda face: -face.score):
            if all(overlap(face, other) < _SAME for other in distinct):
                distinct.append(face)
        real = [face for face in distinct if self.mesh(picture, face)[1] > _PRESENT]
        return sorted(real, key=lambda face: -face.side)

    def mesh(self, picture: Image, face: FaceBox) -> tuple[Floats, float]:
        """Return the mesh points, shape (468, 3), in pixels of the picture, and the probability of
        a face there."""
        smaller, factor = downscale(picture, face.side * _ROOM[0] / _MESH_SIDE)
        center, side, tilt = face.center * factor, face.side * factor, face.tilt
        points, presence = self._mesh_in(smaller, center, side * _ROOM[1], tilt)
        if presence > _PRESENT:  # again, now that the extent of the face is known
            for _ in range(_TRIES):
                former = tilt
                center, side, tilt = _surroundings(points)
                if abs(tilt - former) < _LEANING:
                    break
                points, _ = self._mesh_in(smaller, center, side * _ROOM[1], tilt)
            views = [self._mesh_in(smaller, center, side * room, tilt) for room in _ROOM]
            points = np.mean([seen for seen, _ in views], axis=0)
            presence = min(sure for _, sure in views)
        return (points / factor).astype(np.float32), presence

    def _mesh_in(
        self, picture: Image, center: Floats, side: float, tilt: float
    ) -> tuple[Floats, float]:
        seen = cut(picture, center, side, tilt, _MESH_SIDE)
        points, presence = outputs(self._mesher, seen / np.float32(255))
        points = (points.reshape(-1, 3) - [_MESH_SIDE / 2, _MESH_SIDE / 2, 0]) * side / _MESH_SIDE
        turned = points @ turning(tilt).T
        turned[:, :2] += center
        return turned.astype(np.float32), float(1 / (1 + math.exp(-presence.item())))


def _surroundings(points: Floats) -> tuple[Floats, float, float]:
    """Return center, side and tilt of the square around a mesh."""
    between = points[_CORNERS[1], :2] - points[_CORNERS[0], :2]
    tilt = float(np.arctan2(between[1], between[0]))
    turn = turning(tilt)[:2, :2].astype(np.float32)
    upright = points[:, :2] @ turn
    low, high = upright.min(axis=0), upright.max(axis=0)
    return (low + high) / 2 @ turn.T, float((high - low).max()), tilt
