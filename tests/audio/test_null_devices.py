"""Where there is no device, time still passes, block by block."""

from __future__ import annotations

import threading
from itertools import islice
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from fake_sound_card import ManualClock

from avatar_app.audio.clock import beats
from avatar_app.audio.null_devices import FileSpeaker, SilentMicrophone, SilentSpeaker
from avatar_app.core.values import AudioChunk, Samples
from avatar_app.media.sound_reader import read_sound


def test_clock_ticks_once_per_block() -> None:
    clock = ManualClock()
    seen = [(at, clock.time) for at, _ in islice(beats(clock, 0.01, Event()), 3)]
    np.testing.assert_allclose(seen, [(0, 0.01), (0.01, 0.02), (0.02, 0.03)])


def test_short_delay_is_caught_up_and_a_long_one_skipped() -> None:
    clock = ManualClock()
    beating = beats(clock, 0.01, Event())
    next(beating)
    clock.time += 0.5
    assert next(beating)[0] == pytest.approx(0.01)
    clock.time += 3600
    assert next(beating)[0] > 3600


def test_delayed_blocks_are_delivered_together() -> None:
    clock, counts = ManualClock(), iter([1, 4, 2, 1])
    beating = beats(clock, 0.01, Event(), lambda: next(counts))
    seen = [(*next(beating), clock.time) for _ in range(3)]
    np.testing.assert_allclose(seen, [(0, 1, 0.01), (0.01, 4, 0.05), (0.05, 2, 0.07)])


def test_null_microphone_delivers_silence_without_gaps() -> None:
    blocks: list[tuple[AudioChunk, float]] = []
    clock = ManualClock(end=0.105)
    with SilentMicrophone(lambda *block: blocks.append(block), clock) as microphone:
        assert clock.ended.wait(60)
        assert microphone.name is None
        assert not microphone.alive
    assert [block.start for block, _ in blocks] == list(range(0, 1600, 160))
    assert [at for _, at in blocks] == pytest.approx([0.01 * n for n in range(10)])
    assert not any(block.samples.any() for block, _ in blocks)


def test_null_microphone_wakes_rarely_in_silence() -> None:
    blocks: list[AudioChunk] = []
    clock = ManualClock(end=1.605)
    with SilentMicrophone(lambda block, _: blocks.append(block), clock, lambda: 1e-8):
        assert clock.ended.wait(60)
    assert [block.start for block in blocks] == list(range(0, 25_600, 2560))
    assert {len(block.samples) for block in blocks} == {2560}


class Pulled:
    """What a loudspeaker asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, float]] = []

    def pull(self, frames: int, at: float) -> Samples:
        self.asked.append((frames, at))
        return np.zeros(frames, np.float32)


def test_null_loudspeaker_reads_in_real_time() -> None:
    clock, pulled = ManualClock(end=1.005), Pulled()
    with SilentSpeaker(pulled.pull, clock):
        assert clock.ended.wait(60)
    assert len(pulled.asked) == 100
    assert pulled.asked[-1] == (480, pytest.approx(0.99))


def test_null_loudspeaker_sleeps_while_nothing_is_played() -> None:
    clock, pulled = ManualClock(end=0.105), Pulled()
    with SilentSpeaker(pulled.pull, clock) as speaker:
        assert clock.ended.wait(60)
        speaker.need(needed=False)
        assert not any(thread.name == "pacer" for thread in threading.enumerate())
        asleep = len(pulled.asked)
        clock.end, clock.ended = clock.time + 0.105, Event()
        speaker.need(needed=True)
        assert clock.ended.wait(60)
    assert (asleep, len(pulled.asked)) == (10, 20)


def test_file_loudspeaker_records_what_would_be_played(tmp_path: Path) -> None:
    clock, notices = ManualClock(end=0.505), []
    tape = (np.arange(24_000) / 48_000).astype(np.float32)

    def pull(frames: int, at: float) -> Samples:
        begin = round(at * 48_000)
        return tape[begin : begin + frames]

    path = tmp_path / "said.wav"
    with FileSpeaker(path, pull, lambda *notice: notices.append(notice), clock) as speaker:
        assert clock.ended.wait(60)
        assert speaker.name == str(path)
    np.testing.assert_allclose(read_sound(path, 48_000).samples, tape, atol=2e-4)
    assert not notices


def test_unwritable_file_is_reported_and_the_clock_advances(tmp_path: Path) -> None:
    notices: list[tuple[str, str]] = []
    pulled: list[float] = []

    def pull(frames: int, at: float) -> Samples:
        pulled.append(at)
        return np.zeros(frames, np.float32)

    clock = ManualClock(end=0.105)
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "said.wav"
    with FileSpeaker(path, pull, lambda *notice: notices.append(notice), clock) as speaker:
        assert clock.ended.wait(60)
        assert not speaker.alive
    assert len(pulled) == 10
    assert len(notices) == 1
    assert "cannot be written" in notices[0][0]
