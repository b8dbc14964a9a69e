"""VP8 for a drawn face: no processor time for noise that no camera has made.

The settings are libvpx's for real time (https://www.webmproject.org/docs/encoder-parameters/), as
aiortc has them, but for the filter against noise: without it a picture of 1280 × 720 takes a third
less, and is as true.
"""

from __future__ import annotations

import time
from fractions import Fraction

import av
from aiortc.codecs.vpx import DEFAULT_BITRATE, MAX_BITRATE, Vp8Encoder
from av.frame import Frame
from av.video.codeccontext import VideoCodecContext

from avatar_app.server.webrtc.meter import CallMeter

NOTICED = 0.1
"""Share by which the bit rate has to change before another encoder is opened."""
KEY_EVERY = 3000
"""Pictures after which one is whole in any case; a browser that misses one asks for it."""
QUANTIZERS = (2, 56)
LEAST_RATE = 60_000
"""Bits per second, however little the receiver allows: pictures of 360 lines, some a second."""


class FaceEncoder(Vp8Encoder):
    """aiortc's encoder, with its codec opened here. A picture of another size or rate opens it
    again, and is a whole one, which the stream goes on with."""

    def __init__(self, meter: CallMeter) -> None:
        super().__init__()
        self._meter = meter
        self.target_bitrate = DEFAULT_BITRATE

    @property
    def target_bitrate(self) -> int:
        """Bits per second."""
        return min(self._rate, round(self._meter.most_rate))

    @target_bitrate.setter
    def target_bitrate(self, bitrate: int) -> None:
        self._meter.allowed_rate = bitrate
        self._rate = max(LEAST_RATE, min(bitrate, MAX_BITRATE))

    def encode(self, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:  # noqa: FBT001, FBT002  the library's
        assert isinstance(frame, av.VideoFrame)
        begun = time.monotonic()
        if not self._fits(frame):
            self.codec = _opened(frame.width, frame.height, self.target_bitrate)
        payloads, stamp = super().encode(frame, force_keyframe)
        self._meter.encoded(time.monotonic() - begun, sum(map(len, payloads)))
        return payloads, stamp

    def _fits(self, frame: av.VideoFrame) -> bool:
        codec = self.codec
        if codec is None or (codec.width, codec.height) != (frame.width, frame.height):
            return False
        rate = codec.bit_rate or 1
        return abs(self.target_bitrate - rate) <= NOTICED * rate


def _opened(width: int, height: int, rate: int) -> VideoCodecContext:
    codec = av.CodecContext.create("libvpx", "w")
    assert isinstance(codec, VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.bit_rate, codec.gop_size = rate, KEY_EVERY
    codec.framerate, codec.time_base = Fraction(25), Fraction(1, 25)
    codec.qmin, codec.qmax = QUANTIZERS
    codec.thread_count = 1
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "-6",
        "lag-in-frames": "0",
        "minrate": str(rate),
        "maxrate": str(rate),
        "bufsize": str(rate),
        "undershoot-pct": "100",
        "overshoot-pct": "15",
        "noise-sensitivity": "0",
        "static-thresh": "1",
    }
    return codec
