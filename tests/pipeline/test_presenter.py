"""The picture on show is the one that belongs to the sound, in even motion."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest

from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import (
    PLAYBACK_RATE,
    AudioChunk,
    FaceState,
    Pictures,
    SpeechChunk,
    VideoFrame,
    Word,
)
from avatar_app.pipeline.output.playback import Playback
from avatar_app.pipeline.output.presenter import FRAMES_AHEAD, Presenter
from avatar_app.pipeline.work_tracker import WorkTracker

IMAGE = np.zeros((2, 2, 3), np.uint8)


class Screen:
    """A turn that sounds, a face that draws `ahead` of it, and a screen that asks for pictures."""

    def __init__(self, fps: float = 25.0, latency: float = 0.04) -> None:
        self.now, self.latency = 0.0, latency
        self.activity = WorkTracker()
        self.playback = Playback(self.activity, lambda: self.now)
        self.presenter = Presenter(self.playback, self.activity, lambda: self.now)
        self.presenter.fps = fps
        self._next_block = 0.0
        self._drawn = 0
        self._turns = 0
        self.turn: Turn = Turn(0)

    def begin(self, seconds: float = 10.0, word: float = 0.5) -> Turn:
        """A new turn of flat speech is allowed to sound."""
        self._turns += 1
        self._drawn = 0
        self.turn = Turn(self._turns, clock=lambda: self.now)
        self.playback.expect(self.turn)
        self.presenter.expect(self.turn)
        words = tuple(Word("w", i * word, (i + 1) * word) for i in range(int(seconds / word)))
        sound = np.ones(int(seconds * PLAYBACK_RATE), np.float32)
        self.playback.put(self.turn, SpeechChunk(AudioChunk(sound, PLAYBACK_RATE), "", words))
        self.playback.allow(self.turn)
        return self.turn

    def draw(self) -> None:
        """The face draws as long as it may."""
        while self.turn.id and self.presenter._has_room(self.turn):
            at = self._drawn / self.presenter.fps
            self.presenter.put(self.turn, VideoFrame(IMAGE, at, (self.turn.id, self._drawn)))
            self._drawn += 1

    def rest(self) -> None:
        """The face at rest draws as long as it is wanted."""
        while self.presenter._resting.has_room:
            wanted = self.presenter.wait_for_rest(Turn(0))
            assert wanted is not None
            generation, look, after = wanted
            number = after.pose[1] + 1 if after is not None else 0
            self.presenter.put_resting(generation, VideoFrame(IMAGE, 0.0, ("rest", number, look)))

    def pass_to(self, at: float) -> None:
        """The device takes the blocks that are due by then."""
        while self._next_block <= at + 1e-9:
            self.now = self._next_block
            self.playback.read(480, self.now + self.latency)
            self._next_block = round(self._next_block + 0.01, 6)
        self.now = at

    def look_at(self, at: float) -> VideoFrame | None:
        """What is on the screen at `at` seconds."""
        self.pass_to(at)
        return self.presenter.frame()

    def watch(self, hz: float, seconds: float, jitter: float = 0.0) -> list[VideoFrame | None]:
        chance = random.Random(5)
        begun = self.now
        seen = []
        for tick in range(int(seconds * hz)):
            self.draw()
            self.rest()
            seen.append(self.look_at(begun + tick / hz + chance.uniform(0, jitter)))
        return seen


def numbers(frames: list[VideoFrame | None], turn: int = 1) -> list[int]:
    return [f.pose[1] for f in frames if f is not None and f.pose[0] == turn]


def test_no_frame_before_the_first_one() -> None:
    assert Screen().presenter.frame() is None


@pytest.mark.parametrize("latency", [0.0, 0.04, 0.2])
def test_frame_matches_the_sound_leaving_the_loudspeaker(latency: float) -> None:
    screen = Screen(latency=latency)
    screen.begin()
    for tick in range(1, 100):
        screen.draw()
        frame = screen.look_at(tick / 25)
        heard = tick / 25 - latency
        if heard > 0.1:
            assert frame is not None
            assert abs(frame.at - heard) <= 0.5 / 25 + 1e-6


def test_a_picture_is_never_shown_much_before_its_sound() -> None:
    screen = Screen()
    screen.begin()
    for frame in screen.watch(97.0, 4.0):
        if frame is not None and frame.pose[0] == 1:
            assert frame.at <= screen.now + 0.6 / 25


@pytest.mark.parametrize("jitter", [0.0, 0.004])
@pytest.mark.parametrize("hz", [30.0, 50.0, 59.94, 60.0, 75.0])
def test_frame_cadence_is_even_on_any_screen(hz: float, jitter: float) -> None:
    screen = Screen(fps=25.0)
    turn = screen.begin()
    shown = numbers(screen.watch(hz, 8.0, jitter))
    changes = np.diff(shown)
    assert set(changes) <= {0, 1}  # none skipped, none taken back
    assert shown[-1] >= 7.8 * 25 - 2
    runs = np.diff(np.flatnonzero(changes > 0))
    assert runs.max() <= np.ceil(hz / 25) + (1 if jitter else 0)
    pictures = screen.presenter.pictures(turn)
    assert pictures.dropped == 0
    assert pictures.skew_p99_ms <= 0.6 * 40 + 1e-3


def test_30_fps_on_a_60_hz_screen_shows_each_picture_twice() -> None:
    screen = Screen(fps=30.0)
    screen.begin()
    shown = numbers(screen.watch(60.0, 5.0, jitter=0.003))[5:]
    runs = np.diff(np.flatnonzero(np.diff(shown)))
    assert (runs == 2).mean() > 0.9
    assert runs.max() <= 3


def test_a_slow_screen_drops_pictures_and_stays_in_time() -> None:
    screen = Screen(fps=30.0)
    turn = screen.begin()
    shown = screen.watch(10.0, 4.0)
    last = shown[-1]
    assert last is not None
    assert last.at == pytest.approx(screen.playback.now().seconds, abs=0.5 / 30 + 1e-6)
    assert screen.presenter.pictures(turn).dropped >= 60
    assert screen.presenter.pictures(turn).shown <= 40


def test_late_pictures_are_dropped_up_to_the_newest() -> None:
    screen = Screen()
    turn = screen.begin()
    screen.draw()
    screen.look_at(0.5)
    shown = screen.presenter.frame()
    assert shown is not None
    assert shown.pose[1] == FRAMES_AHEAD - 1  # the face was late: its newest is shown meanwhile
    assert screen.presenter.pictures(turn).shown == 1


def test_a_picture_that_is_not_due_waits() -> None:
    screen = Screen(latency=0.0)
    turn = screen.begin()
    screen.presenter.put(turn, VideoFrame(IMAGE, 0.0, (1, 0)))
    screen.presenter.put(turn, VideoFrame(IMAGE, 0.5, (1, 1)))
    first, later = screen.look_at(0.3), screen.look_at(0.5)
    assert first is not None
    assert later is not None
    assert (first.pose, later.pose) == ((1, 0), (1, 1))


def test_pictures_of_an_older_turn_are_never_shown() -> None:
    screen = Screen()
    old = screen.begin()
    screen.watch(60.0, 1.0)
    screen.begin()
    screen.presenter.put(old, VideoFrame(IMAGE, 0.0, (1, 999)))
    shown = screen.watch(60.0, 1.0)
    assert {frame.pose[0] for frame in shown[3:] if frame is not None} <= {2, "rest"}
    assert numbers(shown, turn=2)
    assert screen.presenter.pictures(old) == Pictures()


def test_old_turn_does_not_let_a_new_face_run_ahead() -> None:
    screen = Screen()
    screen.begin()
    screen.watch(60.0, 3.0)
    turn = screen.begin()
    for number in range(FRAMES_AHEAD):
        assert screen.presenter._has_room(turn)
        screen.presenter.put(turn, VideoFrame(IMAGE, number / 25, (2, number)))
    assert not screen.presenter._has_room(turn)


def test_a_face_that_is_ahead_waits_and_is_released_by_a_cancellation() -> None:
    screen = Screen()
    turn = screen.begin()
    outcome: list[str] = []

    def draw() -> None:
        try:
            for number in range(100):
                screen.presenter.put(turn, VideoFrame(IMAGE, number / 25, (1, number)))
        except TurnCancelled:
            outcome.append("cancelled")

    thread = threading.Thread(target=draw)
    thread.start()
    thread.join(0.05)
    assert thread.is_alive()
    assert len(screen.presenter._frames) == FRAMES_AHEAD
    turn.cancel()
    thread.join(60)
    assert outcome == ["cancelled"]


def test_rewound_speech_shows_its_frames_again() -> None:
    screen = Screen(latency=0.0)
    screen.begin(word=0.5)
    screen.watch(50.0, 0.9)
    screen.playback.pause()
    at_pause = screen.watch(50.0, 0.5)
    assert at_pause[-1] is not None
    screen.playback.resume()
    again = numbers(screen.watch(50.0, 1.0))
    assert again[0] == pytest.approx(0.5 * 25, abs=1)  # the beginning of the word
    assert set(np.diff(again)) <= {0, 1}
    assert again[-1] >= 1.4 * 25


def test_idle_face_moves_at_its_own_rate() -> None:
    screen = Screen(fps=25.0)
    shown = numbers(screen.watch(60.0, 4.0), turn="rest")  # type: ignore[arg-type]
    assert set(np.diff(shown)) == {0, 1}
    assert shown[-1] == pytest.approx(4.0 * 25, abs=2)


def test_idle_motion_does_not_catch_up_after_a_long_absence() -> None:
    screen = Screen(fps=25.0)
    screen.watch(60.0, 1.0)
    screen.pass_to(30.0)
    shown = numbers(screen.watch(60.0, 1.0), turn="rest")  # type: ignore[arg-type]
    assert shown[-1] - shown[0] == pytest.approx(25, abs=2)


def test_requested_face_state_is_drawn() -> None:
    screen = Screen()
    screen.watch(60.0, 0.5)
    screen.presenter.look = FaceState.THINKING
    frame = screen.watch(60.0, 0.3)[-1]
    assert frame is not None
    assert frame.pose[2] is FaceState.THINKING


def test_pictures_at_rest_from_before_a_performance_are_not_shown_after_it() -> None:
    screen = Screen(latency=0.0)
    screen.watch(60.0, 0.5)
    wanted = screen.presenter._resting.generation
    turn = screen.begin(seconds=1.0)
    screen.playback.finish(turn)
    screen.watch(60.0, 0.5)
    screen.presenter.put_resting(wanted, VideoFrame(IMAGE, 0.0, ("stale", 0, FaceState.IDLE)))
    after = screen.watch(60.0, 1.5)
    kinds = [frame.pose[0] for frame in after if frame is not None]
    assert "stale" not in kinds
    assert kinds[-1] == "rest"
    at_rest = [frame for frame in after if frame is not None and frame.pose[0] == "rest"]
    last_of_turn = max(numbers(after))
    assert at_rest[0].pose[1] == last_of_turn + 1  # it goes on from the picture on show


def test_a_new_face_redraws_the_frame() -> None:
    screen = Screen()
    screen.watch(60.0, 0.5)
    stale = screen.presenter._resting.generation
    screen.presenter.forget_resting()
    screen.presenter.put_resting(stale, VideoFrame(IMAGE, 0.0, ("old face", 0, FaceState.IDLE)))
    kinds = {frame.pose[0] for frame in screen.watch(60.0, 0.5) if frame is not None}
    assert kinds == {"rest"}


def test_closing_the_presenter_ends_idle_drawing() -> None:
    screen = Screen()
    screen.rest()
    results: list[object] = ["nothing"]
    thread = threading.Thread(
        target=lambda: results.append(screen.presenter.wait_for_rest(Turn(0)))
    )
    thread.start()
    screen.presenter.close()
    thread.join(60)
    assert results == ["nothing", None]


def rest_at(screen: Screen, *times: float) -> None:
    """The face at rest draws one frame for each of these times."""
    for at in times:
        wanted = screen.presenter.wait_for_rest(Turn(0))
        assert wanted is not None
        screen.presenter.put_resting(wanted[0], VideoFrame(IMAGE, at, at))


def test_a_frame_at_rest_is_shown_as_much_later_as_the_face_says() -> None:
    screen, times = Screen(fps=25.0), iter([1.0, 1.08, 1.12, 1.2])
    seen = []
    for tick in range(24):
        while screen.presenter._resting.has_room and (at := next(times, None)) is not None:
            rest_at(screen, at)
        frame = screen.look_at(tick / 100)
        seen.append(frame.pose if frame is not None else None)
    assert [seen.index(at) for at in (1.0, 1.08, 1.12, 1.2)] == [0, 8, 12, 20]


def test_the_next_frame_time_at_rest_is_known() -> None:
    screen = Screen(fps=25.0)
    rest_at(screen, 1.0, 1.08)
    screen.look_at(0.0)
    assert screen.presenter.next_in() == pytest.approx(0.08)
    screen.look_at(0.05)
    assert screen.presenter.next_in() == pytest.approx(0.03)
    turn = screen.begin()
    screen.draw()
    screen.look_at(0.2)
    assert screen.presenter.next_in() == 0.0
    turn.cancel()


def test_changed_face_state_is_not_delayed_by_queued_frames() -> None:
    screen = Screen()
    screen.rest()
    first = screen.presenter._resting.frames[0]
    screen.presenter.look = FaceState.LISTENING
    assert list(screen.presenter._resting.frames) == [first]
    screen.rest()
    assert screen.presenter._resting.frames[1].pose[2] is FaceState.LISTENING
