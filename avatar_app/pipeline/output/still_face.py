"""A still face, the last fallback: shows the last frame dimmed while the voice goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, Image, SpeechChunk, VideoFrame

_LIGHT = 0.45
"""Remaining share of the picture's brightness."""
_COLOR = 0.35
"""How much of its color."""
_NOTHING = (26, 29, 36)
"""A gray picture where no frame was ever drawn."""
_DIMMED = "dimmed"
"""The pose of this face's frames."""


class StillFace:
    """A `core.engines.Face` that cannot fail: it shows that no face is being drawn."""

    fps = 5.0

    def configure(self, **options: Any) -> None:
        raise TypeError(f"a still face has no options; unknown: {', '.join(options)}")

    def close(self) -> None:
        """Nothing to release."""

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        image, index = dim(after), 0
        for chunk in speech:
            begin = chunk.audio.start / chunk.audio.rate
            index = max(index, round(begin * self.fps))
            while index / self.fps < begin + chunk.audio.seconds:
                turn.check()
                yield VideoFrame(image, index / self.fps, _DIMMED)
                index += 1

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        del look
        at = after.at + 1 / self.fps if after is not None and after.pose == _DIMMED else 0.0
        return VideoFrame(dim(after), at, _DIMMED)


def dim(after: VideoFrame | None) -> Image:
    """Return the picture of `after`, darker and grayer; unchanged if it is dimmed already."""
    if after is None:
        return np.full((720, 1280, 3), _NOTHING, np.uint8)
    if after.pose == _DIMMED:
        return after.image
    picture = after.image.astype(np.float32)
    gray = picture.mean(axis=2, keepdims=True)
    return np.asarray((gray + (picture - gray) * _COLOR) * _LIGHT, np.uint8)
