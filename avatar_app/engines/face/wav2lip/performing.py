"""Renders a speech to frames: sound window, lips and pose of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import TypeVar

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, Image, SpeechChunk, VideoFrame
from avatar_app.engines.face.animation.life import advance_pose
from avatar_app.engines.face.animation.pose import Pose
from avatar_app.engines.face.wav2lip.stage import LipPose, LipStage
from avatar_app.engines.face.wav2lip.windows import Window, WindowStream

T = TypeVar("T")
FADE = 0.1
"""Seconds in which painted lips and the portrait's own mouth take turns."""
MOST_SPARED = 0.2
"""Share of a second's pictures that may have the lips of the one before."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a speech is shown."""

    fps: float
    lead: float
    """Seconds before its picture at which a window of the speech begins."""
    expressiveness: float
    batch: int
    """Pictures painted at once, at most."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """Pictures whose lips are being painted."""

    pictures: list[tuple[int, LipPose, bool]]
    """Number, pose without its lips, and whether it gets lips of its own."""
    finish: Callable[[], list[Image]]
    """Lips for those that get some."""


class Performance:
    """One speech of a face.

    A picture whose sound is already playing, or nearly, when its lips would be started would be
    late, and so would all after it: it repeats the lips of the picture before. A face that is too
    slow for more than a fifth of them is reported as late.
    """

    def __init__(self, stage: LipStage, manner: Manner, pose: LipPose) -> None:
        """`pose`: the one on show."""
        self._stage, self._manner = stage, manner
        self._pose = pose
        self._spared: deque[bool] = deque(maxlen=max(1, round(manner.fps)))
        """Of the pictures of the last second."""

    def pictures(self, speech: Iterator[SpeechChunk], turn: Turn) -> Iterator[VideoFrame]:
        """Each as soon as what it depends on was heard; at the end the mouth closes."""
        index, patch = 0, self._pose.patch
        for batches in self._heard(speech):
            for begun in one_ahead(self._begin(windows, turn) for windows in batches):
                turn.check()
                lips = iter(begun.finish())
                for number, pose, painted in begun.pictures:
                    turn.check()
                    patch = next(lips) if painted else patch if pose.share else None
                    yield self._frame(number, replace(pose, patch=patch))
                    index = number + 1
        while index and self._pose.share:
            turn.check()
            yield self._frame(index, self._moved(silent=True, patch=patch))
            index += 1

    def _frame(self, index: int, pose: LipPose) -> VideoFrame:
        picture = self._stage.picture(pose, self._manner.expressiveness)
        return VideoFrame(picture, index / self._manner.fps, pose)

    def _heard(self, speech: Iterator[SpeechChunk]) -> Iterator[Iterator[list[Window]]]:
        """For each piece of the speech, what it completes: not more at once than is painted."""
        stream = WindowStream(self._manner.fps, self._manner.lead)
        for chunk in speech:
            yield self._batches(stream.add(chunk))
        yield self._batches(stream.end())

    def _batches(self, windows: Iterator[Window]) -> Iterator[list[Window]]:
        while batch := list(islice(windows, self._manner.batch)):
            yield batch

    def _begin(self, windows: list[Window], turn: Turn) -> _Begun:
        pictures, heard = [], []
        for window in windows:
            pose = self._moved(silent=window.silent)
            painted = pose.share > 0 and not self._spare(window, turn)
            pictures.append((window.frame, pose, painted))
            if painted:
                heard.append((window.mel, pose.clock))
        if not heard:
            return _Begun(pictures, list)
        mels, clocks = zip(*heard, strict=True)
        return _Begun(pictures, self._stage.begin(np.stack(mels), clocks))

    def _spare(self, window: Window, turn: Turn) -> bool:
        """Would it come late? Painting its lips takes about as long as a picture is shown."""
        late = turn.heard > 0 and (window.frame - 1) / self._manner.fps < turn.heard
        spared = late and sum(self._spared) < MOST_SPARED * self._manner.fps
        self._spared.append(spared)
        return spared

    def _moved(self, *, silent: bool, patch: Image | None = None) -> LipPose:
        """The next pose; `patch` is shown as long as the lips are."""
        manner = self._manner
        moved = advance_pose(self._pose, FaceState.SPEAKING, 1 / manner.fps, manner.expressiveness)
        self._pose = with_lips(
            moved, patch, fade_share(self._pose.share, manner.fps, opening=not silent)
        )
        return self._pose


def fade_share(share: float, fps: float, *, opening: bool = False) -> float:
    """How much of the lips is shown one picture after `share` was."""
    step = 1 / (fps * FADE)
    return min(1.0, share + step) if opening else max(0.0, share - step)


def with_lips(pose: Pose, patch: Image | None, share: float) -> LipPose:
    """The pose with these lips, if any of them is shown."""
    parts = {field.name: getattr(pose, field.name) for field in fields(Pose)}
    return LipPose(**parts, patch=patch if share else None, share=share)


def one_ahead(begun: Iterator[T]) -> Iterator[T]:
    """The same; but each is only handed out when the next, if there is one, has begun."""
    last = next(begun, None)
    while last is not None:
        following = next(begun, None)
        yield last
        last = following
