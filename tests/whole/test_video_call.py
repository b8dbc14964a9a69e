"""The avatar in a video call: what another program sees and hears is what is shown and played."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from event_recorder import EventRecorder
from recorded_camera import RecordedCamera, recorded_cameras
from sessions import open_session
from virtual_audio import SPEAKER, VirtualAudio, likeness, wait_until

from avatar_app.audio.virtual_microphone import SOURCE
from avatar_app.core.events import Noticed, Outcome, TurnEnded, WordsPlayed
from avatar_app.session.app_session import AppSession

pytestmark = pytest.mark.device
RATE = 16_000
PART = 4000
"""Samples: a quarter of a second."""
MOUTH = (slice(380, 520), slice(520, 760))
"""Rows and columns of the illustrated face's mouth in the camera's picture."""


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> list[RecordedCamera]:
    return recorded_cameras(monkeypatch)


@pytest.fixture
def session(
    virtual_audio: VirtualAudio, recorder: EventRecorder, cameras: list[RecordedCamera]
) -> Iterator[AppSession]:
    assert cameras == []
    session = open_session({"video_call.camera": True, "video_call.microphone": True})
    session.subscribe(recorder)
    session.start()
    try:
        assert session.wait_open(), recorder.events
        recorder.wait_for_end("")  # the greeting
        yield session
    finally:
        session.close()


def motion(frames: list[np.ndarray]) -> float:
    """How much the mouth moves, in steps of brightness."""
    mouths = np.stack([frame[MOUTH].mean(axis=2) for frame in frames])
    return float(mouths.std(axis=0).max())


def test_others_see_and_hear_the_avatar(
    session: AppSession,
    recorder: EventRecorder,
    virtual_audio: VirtualAudio,
    cameras: list[RecordedCamera],
) -> None:
    wait_until(lambda: cameras and len(cameras[0].frames) > 5, "the camera runs")
    with (
        virtual_audio.recording(RATE, SOURCE) as call,
        virtual_audio.recording(RATE, f"{SPEAKER}.monitor") as room,
    ):
        session.type("What is your name?")
        recorder.wait(WordsPlayed, lambda played: bool(played.text))
        begin = len(cameras[0].frames)
        turn = recorder.wait(TurnEnded, lambda turn: bool(turn.typed))
        spoken = cameras[0].frames[begin:]
        heard = len(call.samples)
        wait_until(lambda: len(call.samples) > heard + RATE // 2, "the rest is recorded")
    assert turn.outcome is Outcome.FINISHED
    assert np.abs(call.samples).max() > 0.05
    parts = [room.samples[at : at + PART] for at in range(0, len(room.samples) - PART, PART)]
    loud = [part for part in parts if np.abs(part).max() > 0.05]
    assert max(likeness(part, call.samples) for part in loud) > 0.85
    assert motion(spoken) > 5
    assert turn.pictures.shown > 0  # the camera looked, without a window
    assert not [each for each in recorder.of(Noticed) if "virtual" in each.message]


def test_switching_them_off_closes_both(
    session: AppSession, virtual_audio: VirtualAudio, cameras: list[RecordedCamera]
) -> None:
    sources: Callable[[], str] = lambda: virtual_audio.control("list", "short", "sources")  # noqa: E731
    assert SOURCE in sources()
    session.settings.change({"video_call.camera": False, "video_call.microphone": False})
    wait_until(lambda: cameras[0].closed and SOURCE not in sources(), "both are closed")
    session.settings.change({"video_call.camera": True})
    wait_until(lambda: len(cameras) == 2 and cameras[1].frames, "it is opened again")
    assert SOURCE not in sources()
