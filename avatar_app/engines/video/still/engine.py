"""A film of a still picture: the camera goes slowly nearer to its center."""

from __future__ import annotations

from typing import Any

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.generation import Frames, VideoRequest
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image, VideoFrame


class StillFilm:
    """A `core.generators.VideoGenerator` that needs a picture to begin with."""

    def __init__(self, zoom: float = 0.06) -> None:
        self._zoom = zoom

    def configure(self, zoom: float) -> None:
        self._zoom = zoom

    def film(self, request: VideoRequest, job: Job[Any]) -> Frames:
        if request.image is None:
            raise InputInvalid(
                "A prompt alone cannot become a moving picture here.",
                "Give a picture with it, or choose an engine that starts from prompts with the "
                "setting studio.video.engine.",
            )
        picture = _filling(request.image, request.width, request.height)
        for index in range(request.frames):
            job.check()
            share = index / max(request.frames - 1, 1)
            eased = share * share * (3 - 2 * share)
            yield VideoFrame(_nearer(picture, 1 + self._zoom * eased), index / request.fps)
            job.report((index + 1) / request.frames)

    def close(self) -> None:
        """Nothing to release."""


def _filling(picture: Image, width: int, height: int) -> Image:
    """Scale the picture so that it fills the size, and cut off what is too much at its edges."""
    import cv2

    high, wide = picture.shape[:2]
    scale = max(width / wide, height / high)
    size = (max(width, round(wide * scale)), max(height, round(high * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled: Any = cv2.resize(picture, size, interpolation=way)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.asarray(scaled[top : top + height, left : left + width], np.uint8)


def _nearer(picture: Image, zoom: float) -> Image:
    import cv2

    height, width = picture.shape[:2]
    center = (width - 1) / 2, (height - 1) / 2
    moved: Any = cv2.warpAffine(
        picture,
        cv2.getRotationMatrix2D(center, 0, zoom),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(moved, np.uint8)
