"""Teaches a student of the whole head: eyes and mouth, how the head bends, and what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import cv2
import numpy as np

from avatar_app.avatars.teaching.basis import Floats, basis_of
from avatar_app.avatars.teaching.flow import FlowMeter, Unbender
from avatar_app.avatars.teaching.learning import Study, learned, psnr_of
from avatar_app.avatars.teaching.motions import EYE_PROBES, MOUTH_PROBES, motions
from avatar_app.avatars.teaching.tiles import Groups, eyes_and_mouth, moving_box
from avatar_app.avatars.teaching.watched import HeadTeacher, SeenPictures, watched
from avatar_app.core.generation import FaceMotion
from avatar_app.core.jobs import Job, JobPart
from avatar_app.core.values import Image
from avatar_app.engines.face.taught.mixture import Mixture
from avatar_app.engines.face.whole_head.head import (
    MOTIONS,
    SOFT,
    Bender,
    Head,
    Parts,
    features,
    motion_values,
    tiled,
)

STUDY = Study((160, 96), epochs=120, batch=32, rate=2e-3, ridge=1e-3)
_SEED = 30
_LEAST_SPREAD = 1e-3
_MAPPED = 200
"""Pictures by which it is known what moves."""
_WATCHED, _LEARNED = 0.5, 0.45
"""Shares of the whole job."""


@dataclass(frozen=True, slots=True)
class HeadCourse:
    """How much is taught."""

    pictures: int = 1500
    """That the student looks at."""
    held_out: int = 150
    """Pictures by which it is judged."""
    minutes: float = 12.0
    """Longest time for looking; where that is not enough, nothing is begun."""
    flows: int = 32
    eyes: int = 64
    mouths: int = 64
    softs: int = 24
    """Numbers of components."""
    tiles: int = 40
    """Most tiles of the eyes, and of the mouth."""
    study: Study = STUDY


def teach_head(teacher: HeadTeacher, face: str, course: HeadCourse, job: Job[Any]) -> Head:
    """Teach a student the head of one avatar; `face`: the avatar's `face_digest`.

    Raises JobCancelled, TooSlow, and what the teacher raises.
    """
    seen = motions(course.pictures, _SEED)
    unseen = motions(course.held_out, _SEED + 1)
    watching = JobPart[None](job, "Watching the teacher", 0.0, _WATCHED)
    everything = [FaceMotion(), *EYE_PROBES, *MOUTH_PROBES, *seen, *unseen]
    pictures = watched(teacher, everything, course.minutes, watching)
    still, *shown = (pictures[index] for index in range(1 + len(EYE_PROBES) + len(MOUTH_PROBES)))
    groups = eyes_and_mouth(still, shown[: len(EYE_PROBES)], shown[len(EYE_PROBES) :], course.tiles)
    first = len(everything) - len(seen) - len(unseen)
    learning = JobPart[None](job, "Learning", _WATCHED, _LEARNED)
    lesson = _Lesson(still, groups, pictures.part(first, len(seen)), seen, course, learning)
    head = lesson.head(face, teacher.name)
    job.report(_WATCHED + _LEARNED, "Comparing")
    return _judged(head, pictures.part(first + len(seen), len(unseen)), unseen, job)


def _judged(
    head: Head, pictures: SeenPictures, unseen: Sequence[FaceMotion], job: Job[Any]
) -> Head:
    squares = []
    for motion, picture in zip(unseen, pictures, strict=True):
        job.check()
        squares.append(cv2.norm(head.painted(motion), picture, cv2.NORM_L2SQR) / picture.size)
    return head.judged(psnr_of(float(np.mean(squares))))


class _Lesson:
    """What is learned step by step: the bending first, then what it does not show."""

    def __init__(
        self,
        still: Image,
        groups: Groups,
        pictures: SeenPictures,
        seen: Sequence[FaceMotion],
        course: HeadCourse,
        job: Job[Any],
    ) -> None:
        self._still, self._groups, self._pictures = still, groups, pictures
        self._course, self._job = course, job
        values = motion_values(seen)
        spread = np.maximum(values.std(axis=0), _LEAST_SPREAD)
        self._scale = np.zeros((MOTIONS, MOTIONS + 1), np.float32)
        np.fill_diagonal(self._scale, 1 / spread)
        self._shift = np.append(-values.mean(axis=0) / spread, 1).astype(np.float32)
        self._inputs = features(values, self._scale, self._shift)

    def head(self, face: str, teacher: str) -> Head:
        """Return the student, which is not judged yet."""
        course, groups = self._course, self._groups
        meter = FlowMeter(self._still, groups)
        measured = np.stack([meter.flow(each) for each in self._each(0.0, 0.2)])
        flow = self._learned(measured, course.flows, 0.2)
        flows = flow.values(self._inputs)
        eyes, mouth = self._features(flows)
        parts = self._learned(eyes, course.eyes, 0.5), self._learned(mouth, course.mouths, 0.65)
        bender = Bender(self._still, groups.eyes, groups.mouth)
        left = self._left(bender, flows, *(part.values(self._inputs) for part in parts))
        soft = self._learned(left, course.softs, 0.85)
        return Head(
            still=self._still,
            scale=self._scale,
            shift=self._shift,
            parts=Parts(flow, *parts, soft),
            eye_tiles=groups.eyes,
            mouth_tiles=groups.mouth,
            box=moving_box(self._still, islice(self._pictures, _MAPPED)),
            face=face,
            teacher=teacher,
        )

    def _each(self, begin: float, share: float) -> Iterator[Image]:
        for index, picture in enumerate(self._pictures):
            self._job.report(begin + share * index / len(self._pictures), "Learning")
            yield picture

    def _learned(self, values: Floats, most: int, begin: float) -> Mixture:
        basis = basis_of(values, most)
        part = JobPart[None](self._job, "Learning", begin, 0.15)
        lesson = learned(self._inputs, basis.coefficients(values), self._course.study, part)
        return Mixture(*lesson, basis.components, basis.mean)

    def _features(self, flows: Floats) -> tuple[Floats, Floats]:
        """Return what is new in the tiles of eyes and mouth of each picture, unbent."""
        unbender = Unbender()
        found: list[list[Floats]] = [[], []]
        for flow, picture in zip(flows, self._each(0.35, 0.15), strict=True):
            new = tiled(unbender.unbent(picture, flow).astype(np.float32) - self._still)
            for group, tiles in zip(found, self._groups, strict=True):
                rows, columns = tiles.T
                group.append(new[rows, :, columns].reshape(-1))
        return np.stack(found[0]), np.stack(found[1])

    def _left(self, bender: Bender, flows: Floats, eyes: Floats, mouths: Floats) -> Floats:
        """Return what is left to be corrected softly, (n, SOFT_VALUES)."""
        found = []
        rows = zip(flows, eyes, mouths, self._each(0.8, 0.05), strict=True)
        for flow, eye, mouth, picture in rows:
            known = bender.bent(bender.renewed(eye, mouth), flow)
            missed = picture.astype(np.float32) - known
            small = cv2.resize(missed, (SOFT, SOFT), interpolation=cv2.INTER_AREA)
            found.append(small.reshape(-1))
        return np.stack(found)
