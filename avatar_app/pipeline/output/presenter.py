"""The presenter: selects the frame that matches the sound being played right now."""

from __future__ import annotations

from collections.abc import Callable

from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, Pictures, VideoFrame
from avatar_app.pipeline.output.frame_stats import FrameSource, FrameStats
from avatar_app.pipeline.output.playback import Playback
from avatar_app.pipeline.output.rest_queue import RestQueue
from avatar_app.pipeline.work_tracker import TrackedCondition, WorkTracker

FRAMES_AHEAD = 8
"""Frames a face may be ahead of the sound."""
LOCKED = 0.6
"""Share of a frame duration that a frame may be off to keep the motion even; rounding alone needs
half."""
HISTORY_SECONDS = 0.6
"""Shown frames are kept this long: speech may be wound back by a word."""


class Presenter:
    """Shows the newest frame of the playing turn with `at` ≤ now + ½ frame, drops older ones and
    keeps early ones. In silence it shows the face at rest, at the face's pace."""

    def __init__(
        self, playback: Playback, activity: WorkTracker, clock: Callable[[], float]
    ) -> None:
        self._playback = playback
        self._clock = clock
        self._changed = TrackedCondition(activity)
        self._turn: Turn | None = None
        self._part: Turn | None = None
        self._cast = FrameSource.CHOSEN
        self._drawn_until: float | None = None
        self._rest_awaited: float | None = None
        self._frames: list[VideoFrame] = []
        self._stats = FrameStats()
        self._shown: VideoFrame | None = None
        self._resting = RestQueue()
        self._shown_at = 0.0
        self._sound_at = -1.0  # seconds of the turn's speech that was heard last
        self._closed = False
        self._look = FaceState.IDLE
        self.fps = 25.0

    def expect(self, turn: Turn) -> None:
        """Expect the frames of `turn` next."""
        turn.when_cancelled(self.wake)
        with self._changed:
            self._turn = self._part = turn
            self._drawn_until = None
            self._sound_at = -1.0
            self._frames.clear()
            self._stats = FrameStats()
            self._changed.ring()

    def admit(self, part: Turn, cast: FrameSource = FrameSource.CHOSEN) -> None:
        """Accept only the frames of this part of the turn from now on."""
        with self._changed:
            self._part, self._cast = part, cast
            self._changed.ring()

    def put(self, part: Turn, frame: VideoFrame) -> None:
        """Add a frame; waits while enough are queued. Frames of another part are ignored."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(part))
            part.check()
            if part is not self._part or self._turn is None:
                return
            turn, self._drawn_until = self._turn, frame.at
            self._frames.append(frame)
            self._stats.draw(frame, self._cast)
        self._playback.picture_ready(turn)

    def frame(self) -> VideoFrame | None:
        """Return the frame to show now; None before the first. Never waits for drawing."""
        moment = self._playback.now()
        with self._changed:
            before = self._shown, self._resting.generation
            if moment.turn is not None and moment.turn is self._turn and self._frames:
                self._resting.interrupt()
                self._show_performing(moment.turn, moment.seconds)
                self._resting.draw(wanted=moment.ending)  # from then on the mouth can close
            elif moment.turn is None:
                self._resting.draw(wanted=True)
                due = self._resting.take(self._clock(), self._shown, self.fps)
                self._shown = due or self._shown
            if before != (self._shown, self._resting.generation):
                self._changed.ring()  # there is room for another frame
            return self._shown

    def next_in(self) -> float:
        """Return the seconds until `frame` may change; 0 where that is unknown."""
        moment = self._playback.now()
        with self._changed:
            if moment.turn is not None or not self._resting.frames:
                return 0.0
            now = self._clock()
            return max(0.0, self._resting.due(now, self._shown, self.fps) - now)

    @property
    def look(self) -> FaceState:
        """Set the expression of the face at rest."""
        return self._look

    @look.setter
    def look(self, look: FaceState) -> None:
        if look is not self._look:
            with self._changed:
                self._look = look
                self._resting.turn()
                self._changed.ring()

    def pass_time(self) -> None:
        """Advance while no window asks for frames: those whose sound is over make room."""
        moment = self._playback.now()
        with self._changed:
            if moment.turn is not None and moment.turn is self._turn:
                self._sound_at = moment.seconds
                self._forget_before(moment.seconds - HISTORY_SECONDS)
                self._changed.ring()

    def pictures(self, turn: Turn) -> Pictures:
        """Return the frame statistics of `turn` so far."""
        with self._changed:
            return self._stats.pictures() if turn is self._turn else Pictures()

    @property
    def shown(self) -> VideoFrame | None:
        """Return the frame on show."""
        return self._shown

    @property
    def newest(self) -> VideoFrame | None:
        """Return the frame after which the next one is drawn."""
        with self._changed:
            return self._frames[-1] if self._frames else self._shown

    @property
    def drawn_until(self) -> float | None:
        """Return the seconds of the turn's speech that the last frame belongs to; None before the
        first."""
        return self._drawn_until

    @property
    def rest_awaited_since(self) -> float | None:
        """Return the seconds of the clock since which a frame at rest is being drawn; None if none
        is."""
        return self._rest_awaited

    def forget_resting(self) -> None:
        """Drop the queued frames at rest, as the face was exchanged."""
        with self._changed:
            self._resting.forget()
            self._rest_awaited = None
            self._changed.ring()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.ring()

    # the face at rest

    def wait_for_rest(self, resting: Turn) -> tuple[int, FaceState, VideoFrame | None] | None:
        """Block until a frame at rest is wanted; returns its generation, the expression, and the
        frame before it. None when the presenter is closed or `resting` cancelled."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or resting.cancelled or self._resting.has_room
            )
            if self._closed or resting.cancelled:
                return None
            self._rest_awaited = self._clock()
            waiting = self._resting.frames
            return self._resting.generation, self._look, waiting[-1] if waiting else self._shown

    def put_resting(self, generation: int, frame: VideoFrame) -> None:
        """Add a frame at rest, unless it is stale by now."""
        with self._changed:
            self._rest_awaited = None
            if self._resting.put(generation, frame) and self._shown is None:
                self._shown = frame

    def _show_performing(self, turn: Turn, now: float) -> None:
        before, age = self._index_shown(), self._clock() - self._shown_at
        chosen = _choose(self._frames, before, now, 1 / self.fps, age)
        if chosen is None:
            return
        frame = self._frames[chosen]
        if frame is not self._shown:
            turn.mark("first_frame")
            self._stats.show(frame, now, max(chosen - before - 1, 0))
            self._shown, self._shown_at = frame, self._clock()
        self._forget_before(now - HISTORY_SECONDS)

    def _forget_before(self, oldest: float) -> None:
        self._frames[:] = [f for f in self._frames if f.at > oldest or f is self._shown]
        self._stats.keep(self._frames)

    def _index_shown(self) -> int:
        return next((i for i, frame in enumerate(self._frames) if frame is self._shown), -1)

    def _has_room(self, part: Turn) -> bool:
        if part.cancelled or part is not self._part:
            return True
        shown = self._index_shown()  # at rest, or with an older turn's picture on show, none
        shown_at = self._frames[shown].at if shown >= 0 else -1.0
        passed = max(shown_at, self._sound_at)
        return sum(frame.at > passed for frame in self._frames) < FRAMES_AHEAD

    def wake(self) -> None:
        """Check the awaited condition again: a turn was cancelled."""
        with self._changed:
            self._changed.ring()


def _choose(
    frames: list[VideoFrame], shown: int, now: float, frame_seconds: float, age: float
) -> int | None:
    """Return the index of the newest frame with `at` ≤ now + ½ frame. Where that would repeat or
    skip one picture only because the screen's beat falls between two frames, the next in order is
    taken: even motion for a tenth of a frame more of skew. `age`: seconds since `shown` was first
    shown."""
    due = [i for i, frame in enumerate(frames) if frame.at <= now + frame_seconds / 2]
    if not due:
        return None
    newest, following = due[-1], shown + 1
    if following == 0 or following >= len(frames):
        return newest
    skew = frames[following].at - now
    beat = age >= 0.7 * frame_seconds
    repeats = newest == following - 1 and beat and skew <= LOCKED * frame_seconds
    skips = newest == following + 1 and skew >= -LOCKED * frame_seconds
    return following if repeats or skips else newest
