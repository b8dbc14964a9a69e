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
from avatar_app.engines.face.animation.idle_motion import advance_pose
from avatar_app.engines.face.animation.pose import Pose
from avatar_app.engines.face.wav2lip.lip_stage import LipPose, LipStage
from avatar_app.engines.face.wav2lip.windows import Window, WindowStream

T = TypeVar("T")
FADE = 0.1
"""Seconds of the cross-fade between painted lips and the portrait's own mouth."""
MOST_SPARED = 0.2
"""Largest share of a second's pictures that may repeat the lips of the previous one."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a speech is rendered."""

    fps: float
    lead: float
    """Seconds by which a sound window of the speech begins before its picture."""
    expressiveness: float
    batch: int
    """Largest number of pictures painted at once."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """Pictures whose lips are being computed."""

    pictures: list[tuple[int, LipPose, bool]]
    """Number, pose without its lips, and whether lips are computed for it."""
    finish: Callable[[], list[Image]]
    """Waits for the lips that are computed."""


class Performance:
    """Renders one speech of a face.

    A picture whose sound is (almost) playing when its lips would be started would come late, and
    delay all after it: it repeats the lips of the previous picture. If that happens to more than a
    fifth of them, the face is reported as too slow.
    """

    def __init__(self, stage: LipStage, manner: Manner, pose: LipPose) -> None:
        """`pose`: the pose on show."""
        self._stage, self._manner = stage, manner
        self._pose = pose
        self._spared: deque[bool] = deque(maxlen=max(1, round(manner.fps)))
        """Whether lips were repeated, for each picture of the last second."""

    def pictures(self, speech: Iterator[SpeechChunk], turn: Turn) -> Iterator[VideoFrame]:
        """Yield each picture as soon as the sound it depends on has arrived; at the end the mouth
        closes."""
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
        """Yield, for each chunk of the speech, the windows that it completes: at most a batch at
        once."""
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
        """Return whether a picture would come late. Computing its lips takes about as long as it is
        shown."""
        late = turn.heard > 0 and (window.frame - 1) / self._manner.fps < turn.heard
        spared = late and sum(self._spared) < MOST_SPARED * self._manner.fps
        self._spared.append(spared)
        return spared

    def _moved(self, *, silent: bool, patch: Image | None = None) -> LipPose:
        """Return the next pose; `patch` is shown while the lips move."""
        manner = self._manner
        moved = advance_pose(self._pose, FaceState.SPEAKING, 1 / manner.fps, manner.expressiveness)
        self._pose = with_lips(
            moved, patch, fade_share(self._pose.share, manner.fps, opening=not silent)
        )
        return self._pose


def fade_share(share: float, fps: float, *, opening: bool = False) -> float:
    """Return the opacity of the lips one picture after `share`."""
    step = 1 / (fps * FADE)
    return min(1.0, share + step) if opening else max(0.0, share - step)


def with_lips(pose: Pose, patch: Image | None, share: float) -> LipPose:
    """Return the pose with these lips, if they are visible at all."""
    parts = {field.name: getattr(pose, field.name) for field in fields(Pose)}
    return LipPose(**parts, patch=patch if share else None, share=share)


def one_ahead(begun: Iterator[T]) -> Iterator[T]:
    """Prefetch one item: each is yielded only after the next one, if any, has been started."""
    last = next(begun, None)
    while last is not None:
        following = next(begun, None)
        yield last
        last = following
