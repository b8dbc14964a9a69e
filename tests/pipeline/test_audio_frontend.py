"""The canceller gets, for each block that was heard, the block that was played with it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from avatar_app.core.values import AudioChunk, Samples
from avatar_app.pipeline.input.audio_frontend import (
    CANCEL,
    LEAD,
    AudioFrontend,
    CleanBlock,
    level_db,
)
from avatar_app.pipeline.input.quiet_gate import ENOUGH
from avatar_app.pipeline.output.playback import PlayedBlock

PREROLL = 50
"""Blocks."""
DELAY = 0.04
"""Seconds from when a block was taken by the device until it can be heard."""


@dataclass
class Canceller:
    """Notes what it gets."""

    references: list[AudioChunk] = field(default_factory=list)
    cleaned: int = 0

    def played(self, block: AudioChunk) -> None:
        self.references.append(block)

    def clean(self, block: AudioChunk, delay: float) -> AudioChunk:
        self.cleaned += 1
        return AudioChunk(block.samples * 0.5, block.rate, block.start)


class Level:
    def probability(self, block: AudioChunk) -> float:
        return float(np.abs(block.samples).max() > 0.05)


class Desk:
    """Plays blocks of noise; the microphone hears them as an echo, or a voice, or nothing."""

    def __init__(self, delay: float = DELAY) -> None:
        self.delay = delay
        self.canceller = Canceller()
        self.frontend = AudioFrontend(self.canceller, Level(), prefix_padding=0.5)  # type: ignore[arg-type]
        self.chance = np.random.default_rng(2)
        self.at = 0.0
        self.start = 0

    def noise(self) -> PlayedBlock:
        samples = self.chance.uniform(-0.3, 0.3, 480).astype(np.float32)
        return PlayedBlock(samples, self.at + self.delay)

    def listen(self, level: float) -> CleanBlock:
        """Ten milliseconds in which nobody has the floor and nothing is played."""
        return self.take(level, [], floor_taken=False)

    def hear(
        self,
        level: float = 0.0,
        played: list[PlayedBlock] | None = None,
        *,
        floor_taken: bool = True,
    ) -> float:
        """Ten milliseconds; returns the probability of speech."""
        return self.take(level, played or [], floor_taken=floor_taken).probability

    def take(self, level: float, played: list[PlayedBlock], *, floor_taken: bool) -> CleanBlock:
        sound = self.chance.uniform(-level, level, 160).astype(np.float32)
        block = AudioChunk(sound, 16000, self.start)
        heard = self.frontend.hear(block, self.at, played, floor_taken=floor_taken)
        self.at = round(self.at + 0.01, 6)
        self.start += 160
        assert heard.chunk.start == block.start
        assert heard.level_db == level_db(sound)
        return heard


def test_one_reference_block_per_microphone_block() -> None:
    desk = Desk()
    for _ in range(300):
        desk.hear(0.2, [desk.noise()])
    assert len(desk.canceller.references) == desk.canceller.cleaned == 300
    assert [block.start for block in desk.canceller.references] == [n * 480 for n in range(300)]
    assert {len(block.samples) for block in desk.canceller.references} == {480}


@pytest.mark.parametrize("burst", [2, 5, 10])
def test_blocks_that_come_in_bursts_are_spread_out(burst: int) -> None:
    """The device takes several blocks at once, and holds two such bursts."""
    desk = Desk(delay=LEAD + 0.02 * burst)
    waiting: list[PlayedBlock] = []
    for number in range(300):
        waiting.append(desk.noise())
        taken = waiting if number % burst == burst - 1 else []
        waiting = [] if taken else waiting
        desk.hear(0.2, taken)
    late = len(desk.canceller.references) - 300
    assert abs(late) <= burst


def test_without_anything_played_the_reference_is_silence() -> None:
    desk = Desk()
    for _ in range(20):
        desk.hear(0.2)
    assert len(desk.canceller.references) == 20
    assert not any(block.samples.any() for block in desk.canceller.references)


def test_early_reference_blocks_wait() -> None:
    desk = Desk()
    far = PlayedBlock(np.full(480, 0.5, np.float32), 1.0)
    desk.hear(0.2, [far])
    for _ in range(90):
        desk.hear(0.2)
    assert len(desk.frontend._played) == 1 or desk.at > 1.0 - LEAD - 0.03
    for _ in range(20):
        desk.hear(0.2)
    assert len(desk.frontend._played) == 0


def test_prefix_padding_is_kept_and_can_be_cleared() -> None:
    desk = Desk()
    for _ in range(120):
        desk.hear(0.1)
    prefix_padding = desk.frontend.prefix_padding()
    assert [block.start for block in prefix_padding] == [n * 160 for n in range(70, 120)]
    desk.frontend.forget()
    assert desk.frontend.prefix_padding() == []


def test_voice_is_detected_and_silence_is_not() -> None:
    desk = Desk()
    assert desk.hear(0.0) == 0.0
    assert desk.hear(0.5) == 1.0


def test_playback_level_is_measured() -> None:
    desk = Desk()
    assert desk.frontend.playback_db == -100
    desk.hear(0.0, [PlayedBlock(np.full(480, 0.1, np.float32), 0.04)])
    assert desk.frontend.playback_db == pytest.approx(-20, abs=0.1)


@pytest.mark.parametrize(
    ("samples", "level"),
    [
        (np.zeros(160, np.float32), -100.0),
        (np.zeros(0, np.float32), -100.0),
        (np.ones(160, np.float32), 0.0),
        (np.full(160, 0.01, np.float32), -40.0),
    ],
)
def test_block_levels_in_decibels(samples: Samples, level: float) -> None:
    assert level_db(samples) == pytest.approx(level, abs=0.01)


def quiet_desk() -> Desk:
    """Nobody has spoken for some seconds."""
    desk = Desk()
    for _ in range(3 * ENOUGH):
        desk.listen(0.001)
    return desk


def test_quiet_room_skips_canceller_and_detector() -> None:
    desk = quiet_desk()
    cleaned = desk.canceller.cleaned
    assert cleaned < 3 * ENOUGH
    assert desk.listen(0.001).probability == 0.0
    assert desk.canceller.cleaned == cleaned
    assert desk.frontend.quiet_power > 0


def test_skipped_blocks_are_caught_up_at_the_first_sound() -> None:
    desk = quiet_desk()
    quiet, cleaned = desk.start // 160 - 1, desk.canceller.cleaned
    assert desk.listen(0.3).probability == 1.0
    missed = min(quiet - cleaned + 1, PREROLL)
    assert desk.canceller.cleaned == cleaned + missed + 1
    before = desk.frontend.prefix_padding()
    assert [chunk.start for chunk in before] == [
        desk.start - 160 * (PREROLL - index) for index in range(PREROLL)
    ]
    assert np.abs(before[0].samples).max() < 0.0006  # cleaned: the canceller here halves


def test_prefix_padding_of_a_quiet_room_is_cleaned() -> None:
    desk = quiet_desk()
    assert all(np.abs(chunk.samples).max() < 0.0006 for chunk in desk.frontend.prefix_padding())


def test_every_block_is_processed_during_playback() -> None:
    desk = quiet_desk()
    cleaned = desk.canceller.cleaned
    for _ in range(20):
        desk.hear(0.001, [desk.noise()], floor_taken=False)
    assert desk.canceller.cleaned > cleaned + 10
    assert desk.frontend.quiet_power == 0.0


def test_sleeping_loudspeaker_does_not_shorten_the_lead() -> None:
    desk = Desk(delay=LEAD + 0.02)
    for _ in range(100):
        desk.hear(0.2, [desk.noise()])
    lead = desk.frontend._lead
    for _ in range(500):
        desk.hear(0.2)
    for _ in range(100):
        desk.hear(0.2, [desk.noise()])
    assert desk.frontend._lead == lead


def test_failing_component_is_identified() -> None:
    desk = Desk()

    def fail(_block: AudioChunk, _delay: float) -> AudioChunk:
        raise AttributeError("the module is gone")

    desk.canceller.clean = fail  # type: ignore[method-assign]
    with pytest.raises(AttributeError):
        desk.hear(0.2)
    assert desk.frontend.working == CANCEL
