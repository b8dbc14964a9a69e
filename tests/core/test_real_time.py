"""A clock goes on while the computer is suspended, and tells for how long it was."""

from __future__ import annotations

import time

import pytest

from avatar_app.core.real_time import real_seconds, suspended_seconds


def test_suspension_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 50.0)
    monkeypatch.setattr(time, "clock_gettime", lambda _clock: 60.0, raising=False)
    before = real_seconds(), suspended_seconds()
    monkeypatch.setattr(time, "clock_gettime", lambda _clock: 3660.0)
    assert real_seconds() - before[0] == 3600.0
    assert suspended_seconds() - before[1] == 3600.0


def test_the_clock_is_never_set_back() -> None:
    assert real_seconds() <= real_seconds()
