"""The pictures of a call: their size and colors, how they are encoded, and when they are not."""

from __future__ import annotations

import asyncio
import time
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest

from avatar_app.server.webrtc import tracks
from avatar_app.server.webrtc.encoder import LEAST_RATE, FaceEncoder
from avatar_app.server.webrtc.meter import CallMeter
from avatar_app.server.webrtc.planes import planes_of
from avatar_app.server.webrtc.quality import SIZES, PictureSize
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


def test_fewer_lines_keep_the_shape() -> None:
    picture = np.zeros((720, 1280, 3), np.uint8)
    assert [planes_of(picture, lines).shape for lines in (540, 360)] == [(810, 960), (540, 640)]
    assert planes_of(np.zeros((180, 1280, 3), np.uint8), 360).shape == (135, 640)


def test_what_is_encoded_is_seen_again() -> None:
    at = np.linspace(0, 255, 320).astype(np.uint8)
    image = np.stack([np.tile(at, (180, 1)), np.tile(at[::-1], (180, 1)), np.full((180, 320), 90)])
    image = np.moveaxis(image, 0, 2).astype(np.uint8)
    encoder, decoder = FaceEncoder(CallMeter(time.monotonic)), av.CodecContext.create("libvpx", "r")
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
        track = FaceTrack(timeline, time.monotonic(), CallMeter(time.monotonic))
        sent = [await track.recv() for _ in range(2)]
        timeline.show(0, 0, planes_of(np.zeros((4, 4, 3), np.uint8)))
        sent += [await track.recv() for _ in range(2)]
        assert [frame.width for frame in sent] == [1280, 1280, 4, 4]
        return [frame.pts * 25 // VIDEO_RATE for frame in sent]

    first, second, third, fourth = asyncio.run(numbers())
    assert second - first >= STILL
    assert third - second <= fourth - third
    assert fourth - third >= STILL


def test_a_stream_goes_on_with_pictures_of_another_size() -> None:
    """Sizes change in the middle of it, with a whole picture each time; the decoder stays."""
    meter = CallMeter(time.monotonic)
    encoder, decoder = FaceEncoder(meter), av.CodecContext.create("libvpx", "r")
    image = np.tile(np.linspace(0, 255, 1280).astype(np.uint8)[:, np.newaxis], (720, 1, 3))
    seen, last = [], 0
    for number, lines in enumerate([720] * 3 + [540] * 3 + [360] * 3 + [720] * 3):
        moved = planes_of(np.roll(image, 16 * number, axis=1), lines)
        frame = av.VideoFrame.from_ndarray(moved, format="yuv420p")
        frame.pts, frame.time_base = number * 3600, Fraction(1, VIDEO_RATE)
        payloads, _ = encoder.encode(frame)
        pictured = int.from_bytes(payloads[0][2:4]) & 0x7FFF
        assert number == 0 or pictured == (last + 1) % 0x8000, "the receiver misses none"
        last = pictured
        data = b"".join(each[each[0] & 0x80 and 4 :] for each in payloads)
        assert (data[0] & 1 == 0) == (number % 3 == 0), "whole ones only where it is needed"
        (shown,) = decoder.decode(av.Packet(data))
        seen.append(shown.height)
        difference = np.abs(shown.to_ndarray(format="yuv420p").astype(int) - moved).mean()
        assert difference < 6, number
    assert seen == [720] * 3 + [540] * 3 + [360] * 3 + [720] * 3
    assert meter.read(0.0).encoding > 0


MOST = round(SIZES[0].most_rate)


def test_the_receiver_decides_about_the_rate_within_limits() -> None:
    meter = CallMeter(time.monotonic)
    encoder = FaceEncoder(meter)
    for told, rate in ((10, LEAST_RATE), (100_000, 100_000), (9_000_000, MOST)):
        encoder.target_bitrate = told
        assert encoder.target_bitrate == rate
        assert meter.allowed_rate == told
    meter.most_rate = SIZES[2].most_rate
    assert encoder.target_bitrate == round(SIZES[2].most_rate)


PICTURE = planes_of(np.zeros((720, 1280, 3), np.uint8))


class Paced:
    """A track whose clock jumps when somebody sleeps, or when a picture is encoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        clock = SimpleNamespace(monotonic=lambda: self.now)
        monkeypatch.setattr(tracks, "time", clock)
        monkeypatch.setattr(tracks, "asyncio", SimpleNamespace(sleep=self.sleep))
        self.timeline = CallTimeline(lambda: self.now)
        self.meter = CallMeter(lambda: self.now)
        self.track = FaceTrack(self.timeline, self.now, self.meter)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def send(self, seconds: float, encoding: float) -> list[tuple[int, float]]:
        """Return the height of each picture, and how late it is."""

        async def sent() -> list[tuple[int, float]]:
            end, frames = self.now + seconds, []
            while self.now < end:
                self.timeline.show(0, 0, PICTURE.view())
                frame = await self.track.recv()
                frames.append((frame.height, self.now - 100 - frame.pts / VIDEO_RATE))
                self.now += encoding
            return frames

        return asyncio.run(sent())


def test_pictures_a_second_and_lines_follow_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    paced = Paced(monkeypatch)
    for size in (*SIZES, PictureSize(720, 25)):
        paced.track.size = size
        sent = paced.send(4.0, encoding=0.001)
        assert {height for height, _ in sent} == {size.lines}
        assert abs(len(sent) - 4 * size.fps) <= 2
    assert paced.meter.read(0.0).dropped == 0


def test_pictures_that_come_too_late_are_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paced = Paced(monkeypatch)
    sent = paced.send(4.0, encoding=0.1)
    assert len(sent) == 40
    assert max(late for _, late in sent) <= 0.081, "the face keeps to the sound"
    reading = paced.meter.read(0.0)
    assert reading.dropped == pytest.approx(0.6, abs=0.02)
    assert reading.pictures == pytest.approx(100, abs=3)
