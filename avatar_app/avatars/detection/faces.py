"""Creates the face detector that the settings choose."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from avatar_app.core.home import expanded
from avatar_app.engines.face_detection.crops import FaceBox
from avatar_app.engines.face_detection.detector import BoxDetector, FaceDetector
from avatar_app.settings.schema import DetectorName

if TYPE_CHECKING:
    from avatar_app.settings.schema import AvatarSettings

__all__ = ["BoxDetector", "DetectorName", "FaceBox", "FaceDetector", "create_face_detector"]


def create_face_detector(
    name: DetectorName, models: Path, model: Path | None = None, batch: int = 1
) -> FaceDetector:
    """Create a face detector of the chosen kind; only this one is loaded.

    `model`: S3FD's weights; None looks for them in the folder `models`. `batch`: pictures at once.
    Raises ModelMissing, InputInvalid or OutOfMemory where S3FD cannot be loaded.
    """
    if name is DetectorName.BUILTIN:
        return FaceDetector()
    from avatar_app.avatars.detection.s3fd import S3fd, weights_in

    return FaceDetector(S3fd(model or weights_in(models), batch))


def face_detector_factory(
    chosen: AvatarSettings, models: Path, batch: int | None = None
) -> Callable[[], FaceDetector]:
    """Return a factory of the face detector that the settings choose; `models`: the folder of
    weights; `batch` overrides the settings."""
    weights = expanded(chosen.detector_model) if chosen.detector_model else None
    size = batch or chosen.detector_batch
    return partial(create_face_detector, chosen.detector, models, weights, size)
