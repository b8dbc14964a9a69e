"""Analyzes a clip frame by frame: position and look of the face; keeps numbers, no pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.avatars.clip.reading import Clip
from avatar_app.avatars.detection.faces import FaceBox, FaceDetector
from avatar_app.avatars.landmarks import Floats, detail_of, tilt_of
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import MESH_POINTS

_PRESENT = 0.5
"""Probability from which the mesh network is trusted to have followed the face."""
_LOOK_AROUND = 2.0
"""Seconds between two searches of the whole picture for other faces."""
_LOOK_AGAIN = 0.3
"""Seconds between two searches while there is no face."""
_SIGHT = (64, 48)
"""Width and height of the small pictures for comparing frames."""
_NOTHING = np.full((MESH_POINTS, 3), np.nan, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What was measured in each of n frames."""

    rate: float
    """Frames a second."""
    meshes: Floats
    """(n, 468, 3), in pixels; NaN where no face was seen."""
    sights: NDArray[np.float32]
    """(n, 48, 64): the frames, small and gray."""
    details: Floats
    """(n,): share of fine detail in the face's contrast."""
    lights: Floats
    """(n,): mean brightness of the face, 0 to 255."""
    faces: int
    """The maximum number of faces seen at once."""

    def __len__(self) -> int:
        return len(self.meshes)

    @property
    def present(self) -> NDArray[np.bool_]:
        """(n,): whether the face was seen."""
        return np.isfinite(self.meshes[:, 0, 0])


def watch(clip: Clip, detector: FaceDetector, job: Job[Any], span: tuple[float, float]) -> Watched:
    """Follow the largest face through the clip; `span` is the part of the job's progress."""
    follower = _Follower(detector, clip.rate)
    meshes, sights, details, lights = [], [], [], []
    for index, picture in enumerate(clip.frames()):
        share = min(index / clip.rate / (clip.seconds or 10.0), 1.0)
        job.report(span[0] + (span[1] - span[0]) * share, "Analyzing the clip")
        mesh = follower.follow(index, picture)
        sights.append(_sight(picture))
        meshes.append(_NOTHING if mesh is None else mesh)
        details.append(0.0 if mesh is None else detail_of(picture, mesh))
        lights.append(0.0 if mesh is None else _light(picture, mesh))
    return Watched(
        clip.rate,
        np.asarray(meshes, np.float32).reshape(-1, MESH_POINTS, 3),
        np.asarray(sights, np.float32).reshape(-1, _SIGHT[1], _SIGHT[0]),
        np.asarray(details, np.float32),
        np.asarray(lights, np.float32),
        follower.most,
    )


class _Follower:
    """Tracks one face, and searches for others now and then."""

    def __init__(self, detector: FaceDetector, rate: float) -> None:
        self.most = 0
        """Faces seen at once."""
        self._detector = detector
        self._pauses = {True: round(_LOOK_AROUND * rate), False: round(_LOOK_AGAIN * rate)}
        self._next = 0
        self._face: FaceBox | None = None

    def follow(self, index: int, picture: Image) -> Floats | None:
        """Return the face's mesh in frame `index`, or None where it is not seen."""
        if index >= self._next:
            self._look_around(index, picture)
        if self._face is None:
            return None
        mesh, presence = self._detector.mesh(picture, self._face)
        if presence < _PRESENT or not _is_within(mesh, picture):
            self._face, self._next = None, index + 1
            return None
        self._face = _around(mesh)
        return mesh

    def _look_around(self, index: int, picture: Image) -> None:
        faces = self._detector.faces(picture)
        self.most = max(self.most, len(faces))
        if self._face is None and faces:
            self._face = faces[0]
        self._next = index + max(1, self._pauses[self._face is not None])


def _around(mesh: Floats) -> FaceBox:
    """Return the box of the face that a mesh belongs to."""
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    side = float((high - low).max())
    return FaceBox(1.0, (low + high) / 2, side, float(np.deg2rad(tilt_of(mesh))))


def _is_within(mesh: Floats, picture: Image) -> bool:
    """Whether the center of the face is inside the picture."""
    x, y = mesh[:, :2].mean(axis=0)
    return bool(0 <= x < picture.shape[1] and 0 <= y < picture.shape[0])


def _sight(picture: Image) -> Any:
    import cv2

    small = cv2.resize(picture, _SIGHT, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)


def _light(picture: Image, mesh: Floats) -> float:
    low = np.maximum(mesh[:, :2].min(axis=0), 0).astype(int)
    high = mesh[:, :2].max(axis=0).astype(int) + 1
    return float(picture[low[1] : high[1] : 2, low[0] : high[0] : 2].mean())


def runs(holds: NDArray[np.bool_]) -> Iterator[slice]:
    """Return the stretches in which `holds` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]])))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        yield slice(int(begin), int(end))
