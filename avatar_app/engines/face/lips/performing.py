"""Renders a speech to frames: sound window, lips and pose of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol, TypeVar

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, Image, SpeechChunk, VideoFrame
from avatar_app.engines.face.animation.idle_motion import advance_pose
from avatar_app.engines.face.lips.mel import Floats
from avatar_app.engines.face.lips.pose import LipPose, with_lips

T = TypeVar("T")
FADE = 0.1
"""Seconds of the cross-fade between painted lips and the portrait's own mouth."""
MOST_SPARED = 0.2
"""Largest share of a second's pictures that may repeat the lips of the previous one."""


class HeardWindow(Protocol):
    """The sound of one picture."""

    @property
    def frame(self) -> int:
        """Return the number of the picture, counted from the beginning of the turn's speech."""

    @property
    def sound(self) -> Floats:
        """Return what the network is given: float32, of the same shape for each picture."""

    @property
    def silent(self) -> bool:
        """Return whether nothing opens the mouth."""


class Windows(Protocol):
    """The windows of one speech, each as soon as its sound is complete."""

    def add(self, chunk: SpeechChunk) -> Iterator[HeardWindow]:
        """Yield the windows that `chunk` completes. Chunks are contiguous and of one rate."""

    def end(self) -> Iterator[HeardWindow]:
        """Yield the windows of the remaining pictures."""


class Painting(Protocol):
    """A network set up for one avatar, and its picture."""

    def windows(self, fps: float, lead: float) -> Windows:
        """Return the windows of a new speech. `lead`: see `Manner`."""

    def begin(self, sounds: Floats, clocks: Sequence[float]) -> Callable[[], list[Image]]:
        """Start to paint lips for the `sound` of each window, at most the manner's batch.

        The returned function waits for them: uint8, (rows, columns, 3), RGB. `clocks`: the times at
        which each is shown, in seconds since the face was created.
        """

    def picture(self, pose: LipPose, expressiveness: float) -> Image:
        """Return the whole picture."""


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

    def __init__(self, stage: Painting, manner: Manner, pose: LipPose) -> None:
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

    def _heard(self, speech: Iterator[SpeechChunk]) -> Iterator[Iterator[list[HeardWindow]]]:
        """Yield, for each chunk of the speech, the windows that it completes: at most a batch at
        once."""
        stream = self._stage.windows(self._manner.fps, self._manner.lead)
        for chunk in speech:
            yield self._batches(stream.add(chunk))
        yield self._batches(stream.end())

    def _batches(self, windows: Iterator[HeardWindow]) -> Iterator[list[HeardWindow]]:
        while batch := list(islice(windows, self._manner.batch)):
            yield batch

    def _begin(self, windows: list[HeardWindow], turn: Turn) -> _Begun:
        pictures, heard = [], []
        for window in windows:
            pose = self._moved(silent=window.silent)
            painted = pose.share > 0 and not self._spare(window, turn)
            pictures.append((window.frame, pose, painted))
            if painted:
                heard.append((window.sound, pose.clock))
        if not heard:
            return _Begun(pictures, list)
        sounds, clocks = zip(*heard, strict=True)
        return _Begun(pictures, self._stage.begin(np.stack(sounds), clocks))

    def _spare(self, window: HeardWindow, turn: Turn) -> bool:
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


def one_ahead(begun: Iterator[T]) -> Iterator[T]:
    """Prefetch one item: each is yielded only after the next one, if any, has been started."""
    last = next(begun, None)
    while last is not None:
        following = next(begun, None)
        yield last
        last = following
