"""Where a call finds neither a camera nor a sound server, each is told once, with what helps."""

from __future__ import annotations

import numpy as np
import pytest
from recorded_camera import recorded_cameras

from avatar_app.session.video_call import VideoCall
from avatar_app.settings.schema import VideoCallSettings

BOTH = VideoCallSettings(camera=True, microphone=True)


def test_what_is_missing_is_told_and_the_rest_works(monkeypatch: pytest.MonkeyPatch) -> None:
    cameras = recorded_cameras(monkeypatch)
    monkeypatch.setenv("PULSE_SERVER", "unix:/nowhere/native.sock")
    said: list[tuple[str, str]] = []
    call = VideoCall(lambda: None, lambda message, hint: said.append((message, hint)))
    call.apply(BOTH)
    call.hear(np.zeros(480, np.float32), 0.0)
    assert len(cameras) == 1
    assert [message for message, _ in said] == ["The sound server makes no virtual microphone."]
    call.apply(VideoCallSettings(camera=True, microphone=False))
    assert len(cameras) == 1
    assert not cameras[0].closed
    call.close()
    assert cameras[0].closed


def test_nothing_is_opened_unless_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    cameras = recorded_cameras(monkeypatch)
    call = VideoCall(lambda: None, lambda message, _hint: pytest.fail(message))
    call.apply(VideoCallSettings(camera=False, microphone=False))
    call.close()
    assert cameras == []
