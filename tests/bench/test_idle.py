"""Idle: shares by thread become figures with targets; the machine's speed stands beside them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel

from avatar_app.bench import idle, run_bench
from avatar_app.bench.reference import measure_speed
from avatar_app.bench.window.idle_probe import Paints, ThreadMeter
from avatar_app.settings.loading import load_settings


def state(pictures: float, **threads: float) -> dict[str, object]:
    return {"threads": threads, "pictures": pictures}


def test_each_state_has_its_target(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    measured = {
        "rest": state(13.0, MainThread=0.05, rest=0.06, intake=0.001),
        "hidden": state(0.0, MainThread=0.03),
        "speaking": state(25.0, perform=0.3),
    }
    monkeypatch.setattr(idle, "_probe", lambda _places, _seconds: measured)
    result = run_bench("idle", load_settings(tmp_path / "config.yaml")[0], quick=True)
    metrics = result.report.metrics
    assert metrics["rest"].ok
    assert metrics["rest"].value == pytest.approx(0.111)
    assert not metrics["hidden"].ok
    assert metrics["speaking"].ok
    assert "rest: intake" not in metrics  # too little to name
    assert result.machine["speed"]["reference_ms"] > 0


def test_cpu_time_is_attributed_to_its_thread(qapp: QApplication) -> None:
    paints, label = Paints(), QLabel("seen")
    label.installEventFilter(paints)
    meter = ThreadMeter(paints)
    worked, go_home = threading.Event(), threading.Event()

    def work() -> None:
        for _ in range(5):
            measure_speed()
        worked.set()
        go_home.wait()

    thread = threading.Thread(target=work, name="diligent")
    thread.start()
    worked.wait()
    label.grab()
    measured = meter.read()
    go_home.set()
    thread.join()
    shares = measured["threads"]
    assert shares["diligent"] == max(shares.values()) > 0
    assert measured["pictures"] > 0
