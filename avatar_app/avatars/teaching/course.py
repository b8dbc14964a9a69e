"""Teaches a student: listens, looks at what the teacher paints, and learns to paint the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from avatar_app.avatars.teaching.basis import Floats, PictureBasis, picture_basis
from avatar_app.avatars.teaching.learning import Study, learned, psnr_of
from avatar_app.avatars.teaching.lessons import spoken, windows_of
from avatar_app.core.jobs import Job, JobPart
from avatar_app.core.values import Image
from avatar_app.engines.face.lips.region import Region
from avatar_app.engines.face.student.weights import INPUTS, Student

_SEED = 20
_PAINTED, _LEARNED = 0.6, 0.38
"""Shares of the whole job."""


class Teacher(Protocol):
    """A face that paints one person's lips, however slowly."""

    name: str
    region: Region

    def paint(self, mels: Floats) -> Image:
        """Return lips, uint8, (n, rows, columns, 3), RGB, for windows (n, 80, 16)."""


@dataclass(frozen=True, slots=True)
class Course:
    """How much is taught. The defaults take some five minutes on two cores."""

    seconds: float = 300.0
    """Of speech that the student hears."""
    held_out: float = 40.0
    """Seconds of other speech, by which it is judged."""
    every: int = 4
    """Columns from one window to the next, 12.5 ms each."""
    widths: tuple[int, ...] = (512, 256)
    components: int = 128
    looked_at: int = 2500
    """Pictures from which the components are found."""
    epochs: int = 20
    batch: int = 64
    rate: float = 5e-4
    """The first learning rate; it falls to nothing as a cosine."""
    at_once: int = 32
    """Pictures painted between two looks at the job."""


def teach(teacher: Teacher, face: str, course: Course, job: Job[Any]) -> Student:
    """Teach a student the lips of one avatar; `face`: the avatar's `face_digest`.

    Raises JobCancelled, and what the teacher raises.
    """
    job.report(0.0, "Speaking")
    heard = windows_of(spoken(course.seconds, _SEED), course.every, job.check)
    unheard = windows_of(spoken(course.held_out, _SEED + 1), course.every, job.check)
    heard = heard[np.random.default_rng(_SEED).permutation(len(heard))]
    watching = JobPart[None](job, "Watching the teacher", 0.0, _PAINTED)
    basis, targets = _watched(teacher, heard, course, watching)
    learning = JobPart[None](job, "Learning", _PAINTED, _LEARNED)
    study = Study(course.widths, course.epochs, course.batch, course.rate)
    lesson = learned(_flat(heard), targets, study, learning)
    network = Student(
        *lesson, basis.components, basis.mean, teacher.region, face, teacher.name, psnr=0.0
    )
    job.report(_PAINTED + _LEARNED, "Comparing")
    return _judged(network, teacher, unheard, course, job)


def _watched(
    teacher: Teacher, mels: Floats, course: Course, job: Job[None]
) -> tuple[PictureBasis, Floats]:
    """Return the basis of the teacher's pictures, and the coefficients of each, (n, k)."""
    first = _painted(teacher, mels[: course.looked_at], course, job, len(mels))
    basis = picture_basis(first, course.components)
    found = [basis.coefficients(first)]
    for begin in range(len(first), len(mels), course.at_once):
        job.report(begin / len(mels), "Watching the teacher")
        found.append(basis.coefficients(teacher.paint(mels[begin : begin + course.at_once])))
    return basis, np.concatenate(found)


def _painted(teacher: Teacher, mels: Floats, course: Course, job: Job[None], of: int) -> Image:
    pictures = []
    for begin in range(0, len(mels), course.at_once):
        job.report(begin / of, "Watching the teacher")
        pictures.append(teacher.paint(mels[begin : begin + course.at_once]))
    return np.concatenate(pictures)


def _flat(mels: Floats) -> Floats:
    return mels.reshape(len(mels), INPUTS)


def _judged(
    student: Student, teacher: Teacher, mels: Floats, course: Course, job: Job[Any]
) -> Student:
    """Return the student with its distance to the teacher."""
    squares, count = 0.0, 0
    for begin in range(0, len(mels), course.at_once):
        job.check()
        some = mels[begin : begin + course.at_once]
        apart = student.painted(some).astype(np.float32) - teacher.paint(some)
        squares += float(np.sum(apart * apart, dtype=np.float64))
        count += apart.size
    return student.judged(psnr_of(squares / max(count, 1)))
