"""An avatar before it is made: a photo with its faces, or a clip, checked while it is cropped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from avatar_app.avatars.clip.importing import MeasuredFace, measure_clip
from avatar_app.avatars.clip.reading import is_clip
from avatar_app.avatars.detection.faces import FaceDetector
from avatar_app.avatars.landmarks import Floats, overhang_of
from avatar_app.avatars.notes import check_face
from avatar_app.avatars.photo_checks import (
    CheckResult,
    FaceMeasures,
    PhotoCheck,
    judge_face,
    measure_face,
)
from avatar_app.avatars.photo_faces import find_faces, scaled_down
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import LONGEST

_LARGEST = 2 * LONGEST
"""Pixels on the longer side of a photo as it is cropped."""
_AROUND = 1.6
"""Room that is left around a face among others, in face heights, to each side."""
SMALLEST = 96.0
"""Pixels on the shorter side of a crop."""


class Crop(NamedTuple):
    """The part of a photo that is kept, in its pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def shows(self, face: DraftFace) -> bool:
        """Whether the middle of a face is in it."""
        x, y = face.middle
        return self.left <= x <= self.right and self.top <= y <= self.bottom


@dataclass(frozen=True, slots=True, eq=False)
class DraftFace:
    """One face of the photo."""

    mesh: Floats
    """(468, 3), in pixels of the photo."""
    measures: FaceMeasures

    @property
    def box(self) -> Crop:
        """The rectangle around it."""
        low, high = self.mesh[:, :2].min(axis=0), self.mesh[:, :2].max(axis=0)
        return Crop(float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    @property
    def middle(self) -> tuple[float, float]:
        box = self.box
        return (box.left + box.right) / 2, (box.top + box.bottom) / 2


@dataclass(frozen=True, slots=True, eq=False)
class AvatarDraft:
    """What was found in the user's file."""

    source: Path
    picture: Image
    """Of a clip, its best frame."""
    faces: tuple[DraftFace, ...]
    """From left to right; one at least."""
    clip: MeasuredFace | None = None
    """What was measured in a clip, which is taken as a whole."""

    @property
    def whole(self) -> Crop:
        height, width = self.picture.shape[:2]
        return Crop(0, 0, width, height)

    @property
    def likeliest(self) -> int:
        """The face that is probably meant: the largest that can be used, or else the largest."""

        def rank(index: int) -> tuple[bool, float]:
            checks = self.checks(index, self.whole)
            usable = all(check.result is not CheckResult.POOR for check in checks)
            return usable, self.faces[index].measures.width

        return max(range(len(self.faces)), key=rank)

    def suggested_crop(self, face: int) -> Crop:
        """The whole photo; where it shows several people, the surroundings of one of them."""
        if len(self.faces) == 1:
            return self.whole
        box = self.faces[face].box
        room = _AROUND * (box.bottom - box.top)
        whole = self.whole
        return Crop(
            max(box.left - room, 0.0),
            max(box.top - room, 0.0),
            min(box.right + room, whole.right),
            min(box.bottom + room, whole.bottom),
        )

    def checks(self, face: int, crop: Crop) -> tuple[PhotoCheck, ...]:
        """Check one of the faces in a crop. Quick: called while the crop is moved."""
        chosen = self.faces[face]
        people = sum(crop.shows(each) for each in self.faces)
        longest = max(crop.right - crop.left, crop.bottom - crop.top)
        scale = min(LONGEST / longest, 1.0)
        overhang = overhang_of(chosen.mesh, crop)
        return judge_face(chosen.measures, max(people, 1), overhang, scale)

    def measure(self, face: int, crop: Crop) -> MeasuredFace:
        """Return what an avatar is made of. Raises InputInvalid where the face cannot be used."""
        if self.clip is not None:
            return self.clip
        left, top, right, bottom = (round(side) for side in crop)
        part = np.ascontiguousarray(self.picture[top:bottom, left:right])
        picture, factor = scaled_down(part, LONGEST)
        mesh = self.faces[face].mesh - np.array([left, top, 0], np.float32)
        mesh = (mesh * np.float32(factor)).astype(np.float32)
        return MeasuredFace(picture, mesh, check_face(picture, mesh, 1))


def open_draft(
    source: Path, job: Job[Any], make_detector: Callable[[], FaceDetector] = FaceDetector
) -> AvatarDraft:
    """Read a photo or clip and find its faces; raises InputInvalid where there is none."""
    if is_clip(source):
        measured = measure_clip(source, job, make_detector)
        return AvatarDraft(
            source, measured.picture, (_face(measured.picture, measured.mesh),), measured
        )
    found = find_faces(source, _LARGEST, job, make_detector)
    boxes = sorted(found.boxes, key=lambda box: float(box.center[0]))
    faces = []
    for number, box in enumerate(boxes):
        job.report(0.5 + 0.5 * number / len(boxes), "Measuring the face")
        faces.append(_face(found.picture, found.mesh(box)))
    return AvatarDraft(source, found.picture, tuple(faces))


def _face(picture: Image, mesh: Floats) -> DraftFace:
    return DraftFace(mesh, measure_face(picture, mesh))
