"""Measures a face's drawing time per picture, and which due pictures were really shown."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from avatar_app.core.engines import Face
from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, Image, SpeechChunk, VideoFrame
from avatar_app.pipeline.output.playback import Moment

LATE_MS = 45.0
"""A picture shown further than this from its sound is late."""


class WatchedFace:
    """A face that records how long each picture took once its speech was available."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self.fps = face.fps
        self.composed_ms: list[float] = []
        self.repeated = 0
        """Pictures with the lips of the one before, repeated to be in time."""
        self._drawn: WeakValueDictionary[int, Image] = WeakValueDictionary()

    def reset_counts(self) -> None:
        """Reset the counters."""
        self.composed_ms.clear()
        self.repeated = 0

    def drew(self, frame: VideoFrame) -> bool:
        """Whether a picture is its own, and not that of a face that replaced it."""
        return self._drawn.get(id(frame.image)) is frame.image

    def configure(self, **options: Any) -> None:
        self._face.configure(**options)

    def close(self) -> None:
        self._face.close()

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        return self._face.rest(look, after)

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        awaited = _Awaited(speech)
        frames = iter(self._face.perform(awaited, turn, after))
        patch = None
        while True:
            began, waited = time.perf_counter(), awaited.seconds
            frame = next(frames, None)
            if frame is None:
                return
            took = time.perf_counter() - began - (awaited.seconds - waited)
            self.composed_ms.append(took * 1000)
            self._drawn[id(frame.image)] = frame.image
            before, patch = patch, getattr(frame.pose, "patch", None)
            self.repeated += patch is not None and patch is before
            yield frame


class _Awaited(Iterator[SpeechChunk]):
    """Speech, with the seconds spent waiting for it."""

    def __init__(self, speech: Iterator[SpeechChunk]) -> None:
        self._speech = speech
        self.seconds = 0.0

    def __next__(self) -> SpeechChunk:
        began = time.perf_counter()
        try:
            return next(self._speech)
        finally:
            self.seconds += time.perf_counter() - began


@dataclass(slots=True)
class _Turn:
    """One turn on the screen."""

    painted: set[int] = field(default_factory=set)
    """Numbers of the painted pictures."""
    heard: float = 0.0
    """Seconds of its speech that were heard."""
    since: float = 0.0
    """Seconds of its speech that were heard before counting started."""

    def due(self, fps: float) -> range:
        """Return the numbers of the pictures whose sound was heard to its end."""
        return range(math.ceil(self.since * fps), math.floor(self.heard * fps))


@dataclass(slots=True)
class Shown:
    """Called by a window whenever it polls and whenever it paints a new picture."""

    turns: dict[int, _Turn] = field(default_factory=dict)
    off_ms: list[float] = field(default_factory=list)
    """How late each picture was compared with its sound."""

    def reset_counts(self) -> None:
        """Reset the counters."""
        self.off_ms.clear()
        for turn in self.turns.values():
            turn.since = turn.heard

    def looked(self, moment: Moment) -> None:
        if moment.turn is not None:
            turn = self.turns.setdefault(moment.turn.id, _Turn())
            turn.heard = max(turn.heard, moment.seconds)

    def painted(self, moment: Moment, frame: VideoFrame, fps: float) -> None:
        """Record that `frame` was painted for the first time while `moment` was being played."""
        if moment.turn is None:
            return  # at rest
        turn = self.turns.setdefault(moment.turn.id, _Turn())
        turn.painted.add(round(frame.at * fps))
        self.off_ms.append((moment.seconds - frame.at) * 1000)

    def due(self, fps: float) -> int:
        """Return the number of pictures whose sound was heard to its end: each should have been
        painted."""
        return sum(len(turn.due(fps)) for turn in self.turns.values())

    def dropped(self, fps: float) -> int:
        """Return the number of due pictures that were not painted: skipped, or never drawn
        in time."""
        return sum(len(set(turn.due(fps)) - turn.painted) for turn in self.turns.values())

    @property
    def late(self) -> int:
        return sum(abs(off) > LATE_MS for off in self.off_ms)

    @property
    def seconds(self) -> float:
        """Return the seconds of speech."""
        return sum(turn.heard - turn.since for turn in self.turns.values())
