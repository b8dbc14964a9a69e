"""Programs time their stages: against targets, in several threads, with their errors counted."""

from __future__ import annotations

import json
import threading

import pytest

from avatar_app.api import PerformanceMonitor
from avatar_app.core.errors import ConfigInvalid


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_times_are_those_between_start_and_end() -> None:
    clock = Clock()
    monitor = PerformanceMonitor({"first_sound": 300.0, "picture": 40.0}, clock)
    for seconds in (0.2, 0.4, 0.5):
        monitor.start_timing("first_sound")
        monitor.start_timing("picture")
        clock.now += 0.03
        assert monitor.end_timing("picture") == pytest.approx(30)
        clock.now += seconds - 0.03
        assert monitor.end_timing("first_sound") == pytest.approx(1000 * seconds)
    picture, sound = monitor.statistics()
    assert (sound.name, sound.count, sound.target_ms) == ("first_sound", 3, 300.0)
    assert (sound.p50_ms, sound.p95_ms) == pytest.approx((400, 490))
    assert picture.is_met
    assert not sound.is_met
    assert monitor.check_performance_targets() == ("first_sound takes 400 ms instead of 300 ms.",)
    assert json.loads(json.dumps(monitor.as_json()))["timings"][1]["is_met"] is False


def test_what_has_no_target_is_only_measured() -> None:
    clock = Clock()
    monitor = PerformanceMonitor(clock=clock)
    monitor.start_timing("loading")
    clock.now = 60.0
    monitor.end_timing("loading")
    assert monitor.statistics()[0].target_ms is None
    assert monitor.check_performance_targets() == ()


def test_an_end_without_a_start_is_an_error() -> None:
    monitor = PerformanceMonitor()
    with pytest.raises(ConfigInvalid, match="voice is not being timed"):
        monitor.end_timing("voice")
    monitor.start_timing("voice")
    monitor.record_error("voice", RuntimeError("out of breath"))
    with pytest.raises(ConfigInvalid):
        monitor.end_timing("voice")
    monitor.record_error("voice", RuntimeError("again"))
    monitor.record_error("voice", ConfigInvalid("no"))
    assert monitor.errors() == {"voice": {"RuntimeError": 2, "ConfigInvalid": 1}}
    assert monitor.statistics() == ()


def test_threads_time_the_same_name_apart() -> None:
    clock, monitor = Clock(), None
    monitor = PerformanceMonitor(clock=clock)
    monitor.start_timing("turn")
    clock.now = 1.0
    took: list[float] = []

    def other() -> None:
        monitor.start_timing("turn")
        took.append(monitor.end_timing("turn"))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert took == [0.0]
    assert monitor.end_timing("turn") == 1000.0
