"""A queue of frames of the face at rest, with the time when each is due."""

from __future__ import annotations

from collections import deque

from avatar_app.core.values import VideoFrame

RESTING_AHEAD = 2
"""Frames at rest that are drawn before they are due."""
LONGEST_STEP = 0.5
"""Seconds between two frames at rest; if their times differ by more, they are unrelated."""
_ROUNDING = 1e-6


class RestQueue:
    """A short queue. Frames drawn for an earlier state belong to an earlier generation and are not
    accepted. The caller holds the presenter's lock."""

    def __init__(self) -> None:
        self.frames: deque[VideoFrame] = deque()
        self.generation = 0
        self.drawing = True
        """Whether the face at rest is drawn, as it may be visible soon."""
        self._since: float | None = None  # when the frame on show was due; None: no frame at rest

    @property
    def has_room(self) -> bool:
        return self.drawing and len(self.frames) < RESTING_AHEAD

    def draw(self, *, wanted: bool) -> None:
        """Start or stop drawing the face, each time from the frame on show."""
        if wanted != self.drawing:
            self.drawing = wanted
            self.forget()

    def put(self, generation: int, frame: VideoFrame) -> bool:
        """Add a frame; returns False if it is stale."""
        if generation != self.generation:
            return False
        self.frames.append(frame)
        return True

    def forget(self) -> None:
        """Mark queued frames, and those being drawn, as stale."""
        self.frames.clear()
        self.generation += 1

    def turn(self) -> None:
        """Change the expression, after the next frame."""
        first = list(self.frames)[:1]
        self.forget()
        self.frames.extend(first)

    def interrupt(self) -> None:
        """Record that something else is on show."""
        self._since = None

    def take(self, now: float, shown: VideoFrame | None, fps: float) -> VideoFrame | None:
        """Return the frame that replaces `shown` now; None before it is due."""
        due = self.due(now, shown, fps)
        if self._since is None:
            self._since = now - 1 / fps
        if not self.frames or now < due - _ROUNDING:
            return None
        late = now - due > 2 / fps
        self._since = now if late else due
        return self.frames.popleft()

    def due(self, now: float, shown: VideoFrame | None, fps: float) -> float:
        """Return when the next frame is due: as much later than the one on show as in the face's
        own time, which passes in larger steps where little moves."""
        if self._since is None:
            return now
        later = self.frames[0].at - shown.at if self.frames and shown is not None else 0.0
        return self._since + (later if 0.0 < later <= LONGEST_STEP else 1 / fps)
