"""Reads a photo and finds the faces in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.avatars.detection.faces import FaceDetector
from avatar_app.avatars.landmarks import Floats, no_face_in
from avatar_app.avatars.photo import read_photo
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.engines.face_detection.crops import FaceBox


@dataclass(frozen=True, slots=True, eq=False)
class PhotoFaces:
    """A photo with at least one face."""

    picture: Image
    boxes: list[FaceBox]
    """The largest first."""
    detector: FaceDetector

    def mesh(self, box: FaceBox) -> Floats:
        """Return the landmarks of one of the faces: (468, 3), in pixels of the picture."""
        return self.detector.mesh(self.picture, box)[0]


def find_faces(
    photo: Path, longest: int, job: Job[Any], make_detector: Callable[[], FaceDetector]
) -> PhotoFaces:
    """Read a photo, scaled down to `longest` pixels, and find its faces; raises InputInvalid where
    there is none. Reports the first half of the job's progress."""
    job.report(0.0, "Reading the photo")
    picture, _ = scaled_down(read_photo(photo), longest)
    job.report(0.2, "Looking for the face")
    detector = make_detector()
    boxes = detector.faces(picture)
    if not boxes:
        raise no_face_in(picture, photo)
    job.report(0.5, "Measuring the face")
    return PhotoFaces(picture, boxes, detector)


def scaled_down(picture: Image, longest: int) -> tuple[Image, float]:
    """Scale down so that no side is longer than `longest` pixels; returns the factor, too."""
    import cv2

    factor = longest / max(picture.shape[:2])
    if factor >= 1:
        return picture, 1.0
    smaller = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(smaller[:longest, :longest], np.uint8), factor
