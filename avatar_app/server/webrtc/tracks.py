"""The avatar's sound and face as tracks of WebRTC, on one clock, so that a browser shows lips with
the sound."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, VideoFrame

from avatar_app.core.values import PLAYBACK_RATE
from avatar_app.server.webrtc.planes import LARGEST, Planes, planes_of
from avatar_app.server.webrtc.timeline import FRAME, CallTimeline, Sounding

FPS = 25
VIDEO_RATE = 90_000
"""Ticks in a second of video (RFC 3551)."""
BEHIND = 0.5
"""Seconds by which a track may be late before it leaves time out: the machine slept."""
REPORT = 5
"""Frames of sound between two reports of what sounds."""
STILL = 5
"""Frames for which a picture that does not change is not encoded again."""
_DARK = planes_of(np.full((*LARGEST, 3), 22, np.uint8))


class _PacedTrack(MediaStreamTrack):
    """Frames at the pace of a clock that both tracks share."""

    def __init__(self, timeline: CallTimeline, begun: float, per_second: int) -> None:
        super().__init__()
        self._timeline, self._begun, self._per_second = timeline, begun, per_second
        self._count = round((time.monotonic() - begun) * per_second)

    async def _next(self) -> int:
        """Return the number of the next frame when it is due."""
        if self.readyState != "live":
            raise MediaStreamError
        self._count += 1
        late = time.monotonic() - self._begun - self._count / self._per_second
        if late > BEHIND:
            self._count += round(late * self._per_second)
        await asyncio.sleep(max(0.0, -late))
        return self._count


class VoiceTrack(_PacedTrack):
    """What the avatar says, 48 kHz mono."""

    kind = "audio"

    def __init__(
        self, timeline: CallTimeline, begun: float, report: Callable[[Sounding], None]
    ) -> None:
        super().__init__(timeline, begun, PLAYBACK_RATE // FRAME)
        self._report, self._reported = report, Sounding(0)

    async def recv(self) -> AudioFrame:
        number = await self._next()
        samples = self._timeline.next_sound()
        sounding = self._timeline.sounding
        if sounding.turn != self._reported.turn or (sounding.turn and number % REPORT == 0):
            self._report(sounding)
            self._reported = sounding
        frame = AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate, frame.time_base = PLAYBACK_RATE, Fraction(1, PLAYBACK_RATE)
        frame.pts = number * FRAME
        return frame


class FaceTrack(_PacedTrack):
    """The avatar's face."""

    kind = "video"

    def __init__(self, timeline: CallTimeline, begun: float) -> None:
        super().__init__(timeline, begun, FPS)
        self._sent: tuple[Planes, int] | None = None

    async def recv(self) -> VideoFrame:
        planes, number = await self._changed()
        self._sent = planes, number
        frame = VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.time_base, frame.pts = Fraction(1, VIDEO_RATE), number * VIDEO_RATE // FPS
        return frame

    async def _changed(self) -> tuple[Planes, int]:
        """Return the next picture that is another than before, and its number; the same one after
        STILL frames."""
        while True:
            number = await self._next()
            planes = self._timeline.picture()
            shown = _DARK if planes is None else planes
            if self._sent is None or shown is not self._sent[0] or number >= self._sent[1] + STILL:
                return shown, number
