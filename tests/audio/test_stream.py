"""A stream takes any device as it is, tells true times, and never hangs in its end."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from fake_sound_card import FakePortAudio, ManualClock

from avatar_app.audio import stream as lines
from avatar_app.audio.clock import StreamClock, Timeline
from avatar_app.audio.devices import Device, Direction
from avatar_app.audio.microphone import TOGETHER, BlockCutter, InputCallback
from avatar_app.audio.speaker import OutputCallback, ResamplingOutput
from avatar_app.audio.stream import Format, Stream
from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import AudioChunk, Samples

DEVICE = Device("Sound Card", "ALSA", 6, 6, default_input=True, default_output=True)


def tone(count: int, rate: int) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(count) / rate)).astype(np.float32)


class Socket:
    """Keeps what a line tells it."""

    def __init__(self, form: Format) -> None:
        self.form = form
        self.times: list[float] = []
        self.closed = False

    def __call__(self, _buffer: object, _frames: int, at: float) -> None:
        self.times.append(at)

    def close(self) -> None:
        self.closed = True


def opened(library: FakePortAudio, clock: ManualClock, direction: Direction) -> Stream:
    return Stream(library, 0, DEVICE, direction, Socket, clock)


@pytest.mark.parametrize(
    ("rate", "channels", "form"),
    [
        (48_000, (1, 2), Format(48_000, 1)),
        (48_000, (2,), Format(48_000, 2)),
        (44_100, (1, 2), Format(44_100, 1)),
        (44_100, (6,), Format(44_100, 6)),
    ],
)
def test_device_is_opened_with_its_own_format(
    rate: int, channels: tuple[int, ...], form: Format
) -> None:
    line = opened(FakePortAudio(rate, channels), ManualClock(), Direction.OUTPUT)
    assert line.format == form
    line.close()


def test_a_device_that_refuses_everything_is_reported() -> None:
    with pytest.raises(DeviceUnavailable, match="Sound Card cannot be opened"):
        opened(FakePortAudio(48_000, ()), ManualClock(), Direction.INPUT)


def test_a_stream_without_callbacks_is_dead_after_half_a_second() -> None:
    library, clock = FakePortAudio(48_000, (1,)), ManualClock()
    line = opened(library, clock, Direction.OUTPUT)
    clock.time = 10.0
    library.streams[0].ask()
    clock.time = 10.4
    assert line.alive
    clock.time = 10.6
    assert not line.alive
    line.close()


def test_device_waking_up_may_pause() -> None:
    library, clock = FakePortAudio(48_000, (1,)), ManualClock()
    line = opened(library, clock, Direction.OUTPUT)
    library.streams[0].ask()
    clock.time = 3.0
    assert line.alive
    clock.time = 4.1
    assert not line.alive
    line.close()


def test_a_stream_that_ended_is_dead_at_once() -> None:
    library = FakePortAudio(48_000, (1,))
    line = opened(library, ManualClock(), Direction.OUTPUT)
    library.streams[0].finish()
    assert not line.alive
    line.close()


def test_times_are_those_of_the_converter_clock() -> None:
    library, clock = FakePortAudio(48_000, (1,)), ManualClock()
    clock.time = 7.0
    playing = opened(library, clock, Direction.OUTPUT)
    library.streams[0].ask(now=5000.0)
    hearing = opened(library, clock, Direction.INPUT)
    library.streams[1].tell(np.zeros((480, 1)), now=5000.0)
    assert playing._socket.times == [pytest.approx(7.04)]
    assert hearing._socket.times == [pytest.approx(6.98)]
    playing.close()
    hearing.close()


def test_latency_replaces_missing_times() -> None:
    library, clock = FakePortAudio(48_000, (1,)), ManualClock()
    line = opened(library, clock, Direction.OUTPUT)
    nothing = SimpleNamespace(outputBufferDacTime=0.0, currentTime=0.0)
    library.streams[0].callback(bytearray(1920), 480, nothing, None)
    assert line._socket.times == [pytest.approx(0.06)]
    line.close()


def test_hanging_close_does_not_block(
    monkeypatch: pytest.MonkeyPatch, expected_warnings: list[str]
) -> None:
    expected_warnings.append("cannot be closed")
    monkeypatch.setattr(lines, "CLOSE_SECONDS", 0.01)
    library = FakePortAudio(48_000, (1,))
    line = opened(library, ManualClock(), Direction.OUTPUT)
    library.hang.clear()
    line.close()
    assert line.stuck
    assert line._socket.closed
    library.hang.set()


def test_a_late_callback_does_not_move_the_clock() -> None:
    clock = StreamClock()
    assert clock.translate(event=50.0, current=50.0, now=1.0) == pytest.approx(1.0)
    assert clock.translate(event=50.1, current=50.1, now=1.5) == pytest.approx(1.1)


def test_jitter_fades_and_a_jump_is_followed() -> None:
    timeline = Timeline(48_000)
    rng = np.random.default_rng(3)
    placed = [timeline.place(480, 0.01 * n + rng.uniform(-0.005, 0.005)) for n in range(500)]
    assert np.max(np.abs(np.diff(placed[100:]) - 0.01)) < 0.001
    assert timeline.place(480, 9.0) == 9.0


@pytest.mark.parametrize("form", [Format(48_000, 1), Format(48_000, 2), Format(44_100, 2)])
def test_microphone_blocks_are_mono_at_16_khz_with_positions(form: Format) -> None:
    blocks: list[AudioChunk] = []
    times: list[float] = []

    def hear(block: AudioChunk, at: float) -> None:
        blocks.append(block)
        times.append(at)

    intake = InputCallback(form, BlockCutter(hear))
    sound, step = tone(form.rate, form.rate), form.rate // 100
    for n, piece in enumerate(np.split(sound, 100)):
        stereo = np.zeros((step, form.channels), np.float32)
        stereo[:, 0] = piece * form.channels
        intake(stereo.tobytes(), step, 20.0 + 0.01 * n)
    intake.close()
    heard = np.concatenate([block.samples for block in blocks])
    assert [block.start for block in blocks] == list(range(0, len(heard), 160))
    assert {block.samples.shape for block in blocks} == {(160,)}
    np.testing.assert_allclose(heard[800:], tone(16_000, 16_000)[800 : len(heard)], atol=2e-3)
    np.testing.assert_allclose(times, 20.0 + 0.01 * np.arange(len(times)), atol=1e-4)


def test_slow_listener_loses_sound_but_not_the_stream() -> None:
    blocks: list[AudioChunk] = []
    gate = threading.Event()

    def hear(block: AudioChunk, _at: float) -> None:
        gate.wait()
        blocks.append(block)

    intake = InputCallback(Format(16_000, 1), BlockCutter(hear))
    for n in range(700):
        intake(bytes(640), 160, 0.01 * n)
    gate.set()
    intake.close()
    assert 500 <= len(blocks) < 520
    assert [block.start for block in blocks] == list(range(0, 160 * len(blocks), 160))


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_the_loudspeaker_gets_mono_on_its_front_channels(channels: int) -> None:
    buffer = np.full((480, channels), 9.0, np.float32)
    sound = tone(480, 48_000)
    OutputCallback(Format(48_000, channels), lambda _frames, _at: sound)(buffer, 480, 1.0)
    for channel in range(channels):
        np.testing.assert_array_equal(buffer[:, channel], sound if channel < 2 else 0.0)


def test_loudspeaker_of_another_rate_is_fed_ahead() -> None:
    sound = tone(480 * 300, 48_000)
    pulled: list[float] = []
    filled = threading.Semaphore(0)

    def pull(frames: int, at: float) -> Samples:
        assert frames == 480
        pulled.append(at)
        filled.release()
        return sound[480 * (len(pulled) - 1) : 480 * len(pulled)]

    outlet = ResamplingOutput(Format(44_100, 2), pull)
    played = []
    for n in range(60):
        buffer = np.zeros((441, 2), np.float32)
        outlet(buffer, 441, 3.0 + 0.01 * n)
        played.append(buffer[:, 0])
        while outlet._hungry.is_set() or len(outlet._ready) < 0.03 * 44_100:
            filled.acquire(timeout=0.002)
    outlet.close()
    heard = np.concatenate(played)
    start = int(np.argmax(np.abs(heard) > 0.001))
    expected = tone(44_100, 44_100)[: len(heard) - start]
    offsets = [
        np.abs(heard[start + 2000 + k : -50] - expected[2000 : len(heard) - start - 50 - k]).max()
        for k in range(-8, 9)
    ]
    assert min(offsets) < 5e-3
    # What is pulled now leaves after all that is ready or still in the resampler.
    gaps = np.array(pulled[20:]) - (np.arange(20, len(pulled)) * 0.01 + 3.0)
    assert np.ptp(gaps) < 1e-3
    assert gaps.mean() == pytest.approx(start / 44_100, abs=1e-3)


def test_unneeded_stream_sleeps_and_is_not_reported_dead() -> None:
    library, clock = FakePortAudio(48_000, (1,)), ManualClock()
    line = opened(library, clock, Direction.OUTPUT)
    stream = library.streams[0]
    line.need(needed=True)
    assert stream.running
    line.need(needed=False)
    assert not stream.running
    clock.time = 60.0
    assert line.alive
    line.need(needed=True)
    assert stream.running
    assert line.alive
    clock.time = 70.0
    assert not line.alive  # no callback came since
    line.close()
    assert not line.alive


def test_a_stream_whose_device_went_while_it_slept_is_dead() -> None:
    library = FakePortAudio(48_000, (1,))
    line = opened(library, ManualClock(), Direction.OUTPUT)
    line.need(needed=False)
    library.streams[0].gone = True
    line.need(needed=True)
    assert not line.alive
    line.close()


class Ear:
    """Takes chunks from a microphone's callback, and says how quiet a room must be."""

    def __init__(self, quiet_power: float) -> None:
        self.quiet_power = quiet_power
        self.chunks: list[tuple[AudioChunk, float]] = []
        self.intake = InputCallback(
            Format(16_000, 1),
            BlockCutter(lambda chunk, at: self.chunks.append((chunk, at))),
            lambda: self.quiet_power,
        )

    def tell(self, level: float, count: int = 1) -> None:
        for _ in range(count):
            samples = np.full(160, level, np.float32)
            self.intake(memoryview(samples).cast("B"), 160, 0.0)

    def heard(self) -> list[int]:
        """Lengths of what came, in order."""
        self.intake.close()
        return [len(chunk.samples) for chunk, _ in self.chunks]


def test_quiet_blocks_are_delivered_together() -> None:
    ear = Ear(quiet_power=1e-4)
    ear.tell(0.001, count=2 * TOGETHER)
    assert ear.heard() == [160 * TOGETHER] * 2
    assert [chunk.start for chunk, _ in ear.chunks] == [0, 160 * TOGETHER]


def test_loud_block_delivers_waiting_blocks_immediately() -> None:
    ear = Ear(quiet_power=1e-4)
    ear.tell(0.001, count=3)
    ear.tell(0.5)
    assert ear.heard() == [640]
    assert ear.chunks[0][0].samples[-1] == 0.5


def test_blocks_are_not_delayed_without_quiet_power() -> None:
    ear = Ear(quiet_power=0.0)
    ear.tell(0.0, count=5)
    assert ear.heard() == [160] * 5
