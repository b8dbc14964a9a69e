"""The memory of one clip: frames and sound, allocated once for all clips of a pipeline."""

from __future__ import annotations

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image, Samples

MOST_FRAMES, SIDE = 1080, 512
"""45 seconds of 24 frames, 512 × 512 pixels: larger pictures have room for fewer frames."""
SOUND_RATE, SOUND_SECONDS = 24_000, 45
"""Of the clip's sound."""


class ClipBuffers:
    """Room for one clip. What it gives is valid until the next clip."""

    def __init__(self, frames: int = MOST_FRAMES, side: int = SIDE) -> None:
        self._bytes = np.empty(frames * side * side * 3, np.uint8)
        self._sound = np.zeros(SOUND_RATE * SOUND_SECONDS, np.float32)

    def frames(self, count: int, width: int, height: int) -> Image:
        """Return room for the frames, uint8, shape (count, height, width, 3).

        Raises InputInvalid where there is not enough.
        """
        needed = count * width * height * 3
        if needed > self._bytes.size:
            most = self._bytes.size // (width * height * 3)
            raise InputInvalid(
                f"{count} frames of {width} × {height} pixels do not fit; {most} do.",
                "Choose fewer frames per second, a smaller picture, or a shorter script.",
            )
        return self._bytes[:needed].reshape(count, height, width, 3)

    def sound(self, samples: Samples) -> Samples:
        """Return a copy in the buffer, float32, shape (n,), at most 45 s at 24 kHz."""
        room = self._sound[: len(samples)]
        room[:] = samples[: len(room)]
        return room
