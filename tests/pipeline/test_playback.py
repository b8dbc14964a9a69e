"""The loudspeaker gets the right sample at the right time, without a click."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import PLAYBACK_RATE, AudioChunk, Samples, SpeechChunk, Word
from avatar_app.pipeline.output.playback import DUCKED, Playback
from avatar_app.pipeline.work_tracker import WorkTracker

BLOCK = 480
LEVEL = 0.5
STEEPEST = 0.01
"""A jump from one sample to the next that is no click, with speech at LEVEL."""


class Desk:
    """A playback and a device that is `latency` behind."""

    def __init__(self, latency: float = 0.04) -> None:
        self.now = 0.0
        self.latency = latency
        self.activity = WorkTracker()
        self.playback = Playback(self.activity, lambda: self.now)
        self.heard: list[Samples] = []
        self.turns = 0

    def expect(self, seconds: float = 0.0, words: int = 0, *, allowed: bool = True) -> Turn:
        """A turn of flat speech; with a picture."""
        self.turns += 1
        turn = Turn(self.turns, clock=lambda: self.now)
        self.playback.expect(turn)
        if seconds:
            self.playback.put(turn, flat(seconds, words))
        self.playback.picture_ready(turn)
        if allowed:
            self.playback.allow(turn)
        return turn

    def play(self, blocks: int = 1) -> Samples:
        """The next blocks."""
        played = []
        for _ in range(blocks):
            played.append(self.playback.read(BLOCK, self.now + self.latency))
            self.now = round(self.now + 0.01, 6)
        self.heard += played
        return np.concatenate(played)

    @property
    def steepest(self) -> float:
        """The largest jump in all that was heard, but that from silence to the first sample."""
        return float(np.abs(np.diff(np.concatenate(self.heard))).max())


def flat(seconds: float, words: int = 0, level: float = LEVEL) -> SpeechChunk:
    """Speech of one value, in words of the same length, without a gap."""
    samples = np.full(round(seconds * PLAYBACK_RATE), level, np.float32)
    fade = min(480, len(samples) // 2)  # its own beginning and end are soft
    samples[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    samples[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    each = seconds / max(words, 1)
    spoken = tuple(Word(f"w{i}", i * each, (i + 1) * each) for i in range(words))
    text = " ".join(word.text for word in spoken)
    return SpeechChunk(AudioChunk(samples, PLAYBACK_RATE), text, spoken)


def test_playback_is_silent_without_a_turn() -> None:
    desk = Desk()
    assert not desk.play(10).any()
    assert desk.playback.now().turn is None


def test_playback_is_silent_until_released() -> None:
    desk = Desk()
    turn = desk.expect(1.0, allowed=False)
    assert not desk.play(50).any()
    assert desk.playback.progress(turn).seconds == 0
    desk.playback.allow(turn)
    assert desk.play().any()


def test_speech_waits_for_its_picture_but_120_ms_at_most() -> None:
    desk = Desk()
    turn = Turn(1)
    desk.playback.expect(turn)
    desk.playback.put(turn, flat(1.0))
    desk.playback.allow(turn)
    assert not desk.play(12).any()
    assert desk.play(1).any()
    turn.cancel()
    desk.play(1)
    turn = Turn(2)
    desk.playback.expect(turn)
    desk.playback.put(turn, flat(1.0))
    desk.playback.allow(turn)
    assert not desk.play(5).any()
    desk.playback.picture_ready(turn)
    assert desk.play(1).any()


def test_frame_of_an_older_turn_does_not_release_playback() -> None:
    desk = Desk()
    old = desk.expect(1.0, allowed=False)
    desk.expect(1.0, allowed=False)
    desk.playback.allow(old)
    assert not desk.play(30).any()


def test_speech_of_an_older_turn_is_ignored() -> None:
    desk = Desk()
    old = desk.expect()
    turn = desk.expect(0.1)
    desk.playback.put(old, flat(5.0))
    desk.playback.finish(old)
    assert np.count_nonzero(desk.play(30)) == pytest.approx(4800, abs=4)
    assert not desk.playback.progress(turn).over


def test_playback_plays_all_samples() -> None:
    desk = Desk()
    turn = desk.expect(allowed=False)
    noise = np.random.default_rng(3).uniform(-1, 1, 10_000).astype(np.float32)
    desk.playback.put(turn, SpeechChunk(AudioChunk(noise[:4321], PLAYBACK_RATE)))
    desk.playback.put(turn, SpeechChunk(AudioChunk(noise[4321:], PLAYBACK_RATE)))
    desk.playback.allow(turn)
    np.testing.assert_array_equal(desk.play(30)[: len(noise)], noise)


@pytest.mark.parametrize("change", ["pause", "duck", "cancel"])
def test_gain_change_fades_within_one_block(change: str) -> None:
    desk = Desk()
    turn = desk.expect(3.0)
    desk.play(50)
    turn.cancel() if change == "cancel" else getattr(desk.playback, change)()
    desk.play(1)
    after = desk.play(20)
    expected = DUCKED * LEVEL if change == "duck" else 0.0
    np.testing.assert_allclose(after, expected, atol=1e-6)
    assert desk.steepest <= STEEPEST


@pytest.mark.parametrize("first", ["pause", "duck"])
def test_gain_restoration_fades_without_a_click(first: str) -> None:
    desk = Desk()
    desk.expect(3.0, words=10)
    desk.play(50)
    getattr(desk.playback, first)()
    desk.play(20)
    desk.playback.resume() if first == "pause" else desk.playback.unduck()
    desk.play(1)
    np.testing.assert_allclose(desk.play(5), LEVEL)
    assert desk.steepest <= STEEPEST


def test_a_new_turn_in_mid_word_does_not_click() -> None:
    desk = Desk()
    for _ in range(5):
        old = desk.turns
        turn = desk.expect(1.0)
        assert turn.id == old + 1
        desk.play(20)
        turn.cancel()
    desk.play(5)
    assert desk.steepest <= STEEPEST


def test_the_volume_changes_without_a_click() -> None:
    desk = Desk()
    desk.expect(3.0)
    desk.play(20)
    for volume in (0.2, 1.0, 1.5, 0.0):
        desk.playback.volume = volume
        desk.play(1)
        np.testing.assert_allclose(desk.play(3), LEVEL * volume, atol=1e-6)
    assert desk.steepest <= STEEPEST


def test_loud_samples_are_clipped() -> None:
    desk = Desk()
    turn = desk.expect(allowed=False)
    desk.playback.put(turn, flat(1.0, level=0.9))
    desk.playback.allow(turn)
    desk.playback.volume = 1.5
    assert desk.play(50).max() == 1.0


def test_resume_starts_at_a_word() -> None:
    desk = Desk()
    turn = desk.expect(2.0, words=4)  # half a second each
    desk.play(70)
    desk.playback.pause()
    desk.play(30)
    paused = desk.playback.progress(turn)
    assert paused.seconds == pytest.approx(0.71)
    assert paused.heard_text == "w0"
    desk.playback.resume()
    assert desk.playback.progress(turn).seconds == pytest.approx(0.5)
    desk.playback.finish(turn)
    desk.play(151)
    desk.now += desk.latency
    assert desk.playback.progress(turn).over
    assert desk.playback.progress(turn).heard_text == "w0 w1 w2 w3"


def test_pause_resumed_immediately_repeats_nothing() -> None:
    desk = Desk()
    turn = desk.expect(2.0, words=2)
    desk.play(50)
    desk.playback.pause()
    desk.playback.resume()
    desk.play(1)
    assert desk.playback.progress(turn).seconds == pytest.approx(0.51)


def test_a_word_counts_when_more_than_half_of_it_was_handed_over() -> None:
    desk = Desk()
    turn = desk.expect(1.0, words=2)
    desk.play(25)
    assert desk.playback.progress(turn).heard_text == ""
    desk.play(1)
    assert desk.playback.progress(turn).heard_text == "w0"
    turn.cancel()
    desk.play(50)
    assert desk.playback.progress(turn).heard_text == "w0"


def test_a_turn_is_over_when_its_last_sample_has_left() -> None:
    desk = Desk(latency=0.1)
    turn = desk.expect(0.5)
    desk.play(50)
    assert not desk.playback.progress(turn).over  # more may come
    desk.playback.finish(turn)
    assert not desk.playback.progress(turn).over  # the device still has 0.1 s
    desk.play(9)
    assert not desk.playback.progress(turn).over
    desk.play(2)
    assert desk.playback.progress(turn).over


def test_now_is_the_position_leaving_the_loudspeaker() -> None:
    desk = Desk(latency=0.1)
    turn = desk.expect(1.0)
    desk.play(50)
    moment = desk.playback.now()
    assert moment.turn is turn
    assert moment.seconds == pytest.approx(0.5 - 0.1)
    desk.now += 0.005  # between two blocks it flows on
    assert desk.playback.now().seconds == pytest.approx(0.5 - 0.095)
    desk.now += 5  # and never past what the device has
    assert desk.playback.now().seconds == pytest.approx(0.5)


def test_underrun_stops_the_clock_and_loses_nothing() -> None:
    desk = Desk(latency=0.0)
    turn = desk.expect(0.5)
    desk.play(80)
    assert desk.playback.underruns == 30
    assert desk.playback.now().seconds == pytest.approx(0.5)
    assert desk.playback.progress(turn).seconds == pytest.approx(0.5)
    desk.playback.put(turn, flat(0.5))
    assert np.count_nonzero(desk.play(50)) == pytest.approx(24000, abs=4)
    assert desk.playback.progress(turn).seconds == pytest.approx(1.0)


def test_only_missing_speech_is_an_underrun() -> None:
    desk = Desk()
    turn = desk.expect()
    desk.play(20)  # nothing was spoken yet
    desk.playback.put(turn, flat(0.2))
    desk.play(20)
    desk.playback.finish(turn)
    desk.play(20)  # it is over
    turn = desk.expect(0.1)
    desk.play(10)
    turn.cancel()
    desk.play(20)  # nobody wants more
    assert desk.playback.underruns == 0


def test_ending_is_reported_when_no_speech_follows() -> None:
    desk = Desk(latency=0.1)
    turn = desk.expect(0.5)
    desk.play(40)
    assert not desk.playback.now().ending
    desk.playback.finish(turn)
    desk.play(10)
    assert desk.playback.now().ending
    assert desk.playback.now().turn is turn
    desk.play(11)
    assert desk.playback.now().turn is None


def test_the_first_sound_is_marked_by_the_time_it_is_heard() -> None:
    desk = Desk(latency=0.1)
    turn = desk.expect(allowed=False)
    desk.play(30)
    desk.playback.put(turn, flat(0.5))
    desk.playback.allow(turn)
    desk.play(10)
    assert turn.marks["first_sound"] == pytest.approx(0.3 + 0.1)


def test_voice_far_ahead_waits_for_playback() -> None:
    desk = Desk()
    turn = desk.expect(20.5)
    done = threading.Event()

    def speak() -> None:
        desk.playback.put(turn, flat(1.0))
        done.set()

    thread = threading.Thread(target=speak)
    thread.start()
    desk.play(49)
    desk.playback.progress(turn)
    assert not done.wait(0.05)
    desk.play(2)
    desk.playback.progress(turn)
    assert done.wait(60)
    thread.join()


@pytest.mark.parametrize("how", ["cancel", "expect"])
def test_waiting_voice_is_released_by_cancellation(how: str) -> None:
    desk = Desk()
    turn = desk.expect(21)
    outcome: list[str] = []

    def speak() -> None:
        try:
            desk.playback.put(turn, flat(1.0))
            outcome.append("ignored")
        except TurnCancelled:
            outcome.append("cancelled")

    thread = threading.Thread(target=speak)
    thread.start()
    turn.cancel() if how == "cancel" else desk.expect()
    thread.join(60)
    assert outcome == ["cancelled" if how == "cancel" else "ignored"]


def test_a_cancelled_turn_accepts_nothing() -> None:
    desk = Desk()
    turn = desk.expect()
    turn.cancel()
    with pytest.raises(TurnCancelled):
        desk.playback.put(turn, flat(0.1))


def test_the_echo_reference_is_recorded_and_bounded() -> None:
    desk = Desk()
    desk.expect(0.5)
    played = desk.play(100)
    blocks = desk.playback.take_played()
    np.testing.assert_array_equal(np.concatenate([b.samples for b in blocks]), played)
    assert [b.dac_at for b in blocks[:3]] == pytest.approx([0.04, 0.05, 0.06])
    assert desk.playback.take_played() == []
    desk.play(5000)
    assert len(desk.playback.take_played()) == 500


def test_a_murmur_is_played_to_its_end_though_another_turn_is_expected() -> None:
    desk = Desk()
    desk.playback.finish(desk.expect(0.2))
    desk.play(40)
    murmur = np.full(10 * BLOCK, 0.1, np.float32)
    desk.playback.murmur(murmur)
    first = desk.play(2)
    desk.expect()
    assert np.array_equal(np.concatenate([first, desk.play(8)]), murmur)
