"""The pictures of a call: their size and colors, how they are encoded, and when they are not."""

from __future__ import annotations

import asyncio
import time
from fractions import Fraction

import av
import numpy as np
import pytest

from avatar_app.server.webrtc.encoder import FaceEncoder
from avatar_app.server.webrtc.planes import planes_of
from avatar_app.server.webrtc.timeline import CallTimeline
from avatar_app.server.webrtc.tracks import STILL, VIDEO_RATE, FaceTrack


@pytest.mark.parametrize(
    ("size", "sent"),
    [
        ((720, 1280), (720, 1280)),
        ((2160, 3840), (720, 1280)),
        ((1000, 1000), (720, 720)),
        ((101, 63), (100, 62)),
        ((1, 1), (2, 2)),
    ],
)
def test_sides_are_even_and_not_too_long(size: tuple[int, int], sent: tuple[int, int]) -> None:
    assert planes_of(np.zeros((*size, 3), np.uint8)).shape == (sent[0] * 3 // 2, sent[1])


def test_what_is_encoded_is_seen_again() -> None:
    at = np.linspace(0, 255, 320).astype(np.uint8)
    image = np.stack([np.tile(at, (180, 1)), np.tile(at[::-1], (180, 1)), np.full((180, 320), 90)])
    image = np.moveaxis(image, 0, 2).astype(np.uint8)
    encoder, decoder = FaceEncoder(), av.CodecContext.create("libvpx", "r")
    seen = []
    for number in range(12):
        moved = np.roll(image, 4 * number, axis=1)
        frame = av.VideoFrame.from_ndarray(planes_of(moved), format="yuv420p")
        frame.pts, frame.time_base = number * 3600, Fraction(1, VIDEO_RATE)
        payloads, stamp = encoder.encode(frame, number == 6)
        assert stamp == number * 3600
        packet = av.Packet(b"".join(each[each[0] & 0x80 and 4 :] for each in payloads))
        (shown,) = decoder.decode(packet)
        seen.append(shown.to_ndarray(format="rgb24"))
        difference = np.abs(seen[-1].astype(int) - moved)[:, 8:-8].mean()
        assert difference < 8, number
    encoder.target_bitrate = 1_400_000
    codec = encoder.codec
    encoder.encode(frame)
    assert encoder.codec is not codec
    assert encoder.codec is not None
    assert encoder.codec.bit_rate == 1_400_000


def test_a_picture_that_stands_still_is_sent_seldom() -> None:
    async def numbers() -> list[int]:
        timeline = CallTimeline(time.monotonic)
        track = FaceTrack(timeline, time.monotonic())
        sent = [await track.recv() for _ in range(2)]
        timeline.show(0, 0, planes_of(np.zeros((4, 4, 3), np.uint8)))
        sent += [await track.recv() for _ in range(2)]
        assert [frame.width for frame in sent] == [1280, 1280, 4, 4]
        return [frame.pts * 25 // VIDEO_RATE for frame in sent]

    first, second, third, fourth = asyncio.run(numbers())
    assert second - first >= STILL
    assert third - second <= fourth - third
    assert fourth - third >= STILL
