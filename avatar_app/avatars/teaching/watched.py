"""What a teacher of the whole head has painted, packed without loss."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import cv2
import numpy as np

from avatar_app.core.errors import TooSlow
from avatar_app.core.generation import FaceMotion
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image

_TRIED = 3
"""Pictures after which it is known how long all take; the first one also prepares the networks."""
_QUICKLY = [cv2.IMWRITE_PNG_COMPRESSION, 1]


class HeadTeacher(Protocol):
    """A face that paints one person's head, however slowly."""

    name: str

    def paint(self, motion: FaceMotion) -> Image:
        """Return the crop in motion, uint8, (512, 512, 3), RGB."""


@dataclass(slots=True)
class SeenPictures:
    """Pictures in memory, packed."""

    _packed: list[bytes] = field(default_factory=list)

    def add(self, picture: Image) -> None:
        done, packed = cv2.imencode(".png", picture, _QUICKLY)
        assert done, "memory can be written to"
        self._packed.append(packed.tobytes())

    def part(self, first: int, count: int) -> SeenPictures:
        """Return `count` of them."""
        return SeenPictures(self._packed[first : first + count])

    def __len__(self) -> int:
        return len(self._packed)

    def __getitem__(self, index: int) -> Image:
        packed = np.frombuffer(self._packed[index], np.uint8)
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)

    def __iter__(self) -> Iterator[Image]:
        return (self[index] for index in range(len(self)))


def watched(
    teacher: HeadTeacher, motions: Sequence[FaceMotion], minutes: float, job: Job[Any]
) -> SeenPictures:
    """Return what the teacher paints for each motion, with a preview for the job.

    Raises JobCancelled, what the teacher raises, and TooSlow if it would take more than `minutes`.
    """
    pictures, began = SeenPictures(), time.monotonic()
    for index, motion in enumerate(motions):
        picture = teacher.paint(motion)
        pictures.add(picture)
        job.report(index / len(motions), "Watching the teacher", picture[::2, ::2])
        if index == 0:
            began = time.monotonic()
        if index == _TRIED:
            _check((time.monotonic() - began) / _TRIED, len(motions), minutes)
    return pictures


def _check(seconds: float, count: int, minutes: float) -> None:
    needed = seconds * count / 60
    if needed > minutes:
        raise TooSlow(
            f"The teacher takes {seconds:.1f} seconds for a picture here, and {count} are needed: "
            f"{needed:.0f} minutes.",
            f"Teach on a computer with a graphics card, or allow it: --minutes {needed * 1.2:.0f}",
        )
