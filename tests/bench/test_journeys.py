"""The journeys' bench: lateness of the event loop becomes figures with targets."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from avatar_app.bench import journeys, run_bench
from avatar_app.bench.window.beats import Beats
from avatar_app.settings.loading import load_settings
from avatar_app.storage.history import History
from avatar_app.system.paths import AppPaths

SMOOTH = {"p50": 0.1, "p99": 9.0, "longest": 30.0, "busiest": 20.0, "busy_p99": 8.0, "seconds": 4.0}


def test_a_journey_that_stalls_misses_its_target(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given: list[list[str]] = []

    def probed(arguments: list[str], paths: AppPaths, *_: object) -> str:
        given.append(arguments)
        history = History(paths.history_file)
        assert len(history.conversations.list()) == 10
        history.close()
        return "noise\n" + json.dumps({"avatar": SMOOTH, "history": SMOOTH | {"p99": 40.0}})

    monkeypatch.setattr(journeys, "run_probe", probed)
    settings = load_settings(tmp_path / "config.yaml")[0]
    metrics = run_bench("journeys", settings, quick=True).report.metrics
    assert {name for name, metric in metrics.items() if not metric.ok} == {"history_p99"}
    assert metrics["history_busy_p99"].ok, "it was another program's fault"
    assert metrics["avatar_p99"].target == "≤ 16"
    assert metrics["avatar_longest"].value == 30.0
    assert Path(given[0][2]).suffix == ".png", "the photo that becomes an avatar"


def test_a_blocked_event_loop_is_late(qtbot) -> None:
    beats = Beats()
    beats.start()
    qtbot.waitUntil(lambda: len(beats.late_ms) > 5)
    threading.Event().wait(0.2)
    count = len(beats.late_ms)
    qtbot.waitUntil(lambda: len(beats.late_ms) > count + 5)
    beats.stop()
    assert max(beats.late_ms) > 150
    assert max(beats.busy_ms) < 150, "waiting takes no processor"
    assert beats.quantile(0.0) < max(beats.late_ms)
    assert beats.quantile(1.0) == max(beats.late_ms)
