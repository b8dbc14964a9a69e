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
from avatar_app.server.webrtc.meter import CallMeter
from avatar_app.server.webrtc.planes import LINES, Planes, fitting_size, planes_of
from avatar_app.server.webrtc.quality import SIZES
from avatar_app.server.webrtc.timeline import FRAME, CallTimeline, Sounding

FPS = SIZES[0].fps
"""Moments of a second at which a picture may be sent."""
VIDEO_RATE = 90_000
"""Ticks in a second of video (RFC 3551)."""
BEHIND = 0.5
"""Seconds by which sound may be late before some of it is left out: the machine slept."""
REPORT = 5
"""Frames of sound between two reports of what sounds."""
STILL = 5
"""Frames for which a picture that does not change is not encoded again."""
_DARK = planes_of(np.full((LINES, LINES * 16 // 9, 3), 22, np.uint8))


class _PacedTrack(MediaStreamTrack):
    """Frames at the pace of a clock that both tracks share."""

    def __init__(
        self, timeline: CallTimeline, begun: float, per_second: int, behind: float = BEHIND
    ) -> None:
        """`behind`: seconds by which it may be late before it leaves frames out."""
        super().__init__()
        self._timeline, self._begun = timeline, begun
        self._per_second, self._behind = per_second, behind
        self._count = round((time.monotonic() - begun) * per_second)

    async def _next(self) -> int:
        """Return the number of the next frame when it is due."""
        if self.readyState != "live":
            raise MediaStreamError
        self._count += 1
        late = time.monotonic() - self._begun - self._count / self._per_second
        if late > self._behind:
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
    """The avatar's face. `size` may be set at any time."""

    kind = "video"

    def __init__(self, timeline: CallTimeline, begun: float, meter: CallMeter) -> None:
        # a picture that comes late is left out, and the next one is shown at its own moment
        super().__init__(timeline, begun, FPS, behind=1 / FPS)
        self._meter, self._sent = meter, (_DARK, -STILL)
        self.size = SIZES[0]

    async def recv(self) -> VideoFrame:
        planes, number = await self._changed()
        if planes is not self._sent[0]:
            self._meter.changed()
        self._sent = planes, number
        frame = self._fitted(VideoFrame.from_ndarray(planes, format="yuv420p"))
        frame.time_base, frame.pts = Fraction(1, VIDEO_RATE), number * VIDEO_RATE // FPS
        return frame

    def _fitted(self, frame: VideoFrame) -> VideoFrame:
        """Return a picture that was made before `size` was set as it is now."""
        size = fitting_size(frame.width, frame.height, self.size.lines)
        return frame if size == (frame.width, frame.height) else frame.reformat(*size)

    async def _changed(self) -> tuple[Planes, int]:
        """Return the next picture that is another than before, and its number; the same one after
        STILL frames."""
        while True:
            before = self._count
            number = await self._next()
            self._meter.passed(number - before, number - before - 1)
            if number * self.size.fps // FPS == before * self.size.fps // FPS:
                continue  # fewer pictures a second than moments for one
            planes = self._timeline.picture()
            shown = _DARK if planes is None else planes
            if shown is not self._sent[0] or number >= self._sent[1] + STILL:
                return shown, number
