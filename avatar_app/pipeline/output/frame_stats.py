"""Frame statistics of a turn: how many were shown, how late, and by which face."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import Enum, auto

import numpy as np

from avatar_app.core.values import Pictures, VideoFrame


class FrameSource(Enum):
    """What drew a frame."""

    CHOSEN = auto()
    STAND_IN = auto()
    """The fallback, in place of a face that failed."""
    STILL = auto()


class FrameStats:
    """Frame counters; only the presenter updates them, under its lock."""

    def __init__(self) -> None:
        self._drawn_by: dict[int, FrameSource] = {}
        self._shown: Counter[FrameSource] = Counter()
        self._skews: list[float] = []
        self._dropped = 0

    def draw(self, frame: VideoFrame, cast: FrameSource) -> None:
        """Record a frame that waits to be shown."""
        self._drawn_by[id(frame)] = cast

    def show(self, frame: VideoFrame, now: float, dropped: int) -> None:
        """Record that it is shown at `now` seconds of its turn, in place of `dropped` older
        ones."""
        self._shown[self._drawn_by[id(frame)]] += 1
        self._skews.append((frame.at - now) * 1000)
        self._dropped += dropped

    def keep(self, frames: Iterable[VideoFrame]) -> None:
        """Drop all others."""
        self._drawn_by = {id(frame): self._drawn_by[id(frame)] for frame in frames}

    def pictures(self) -> Pictures:
        if not self._skews:
            return Pictures()
        p50, p99 = np.percentile(np.abs(self._skews), [50, 99])
        casts = (self._shown[FrameSource.STAND_IN], self._shown[FrameSource.STILL])
        return Pictures(len(self._skews), self._dropped, float(p50), float(p99), *casts)
