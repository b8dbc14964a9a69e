"""Startup: time until the window is visible and the face alive, and smoothness of the window."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np

from avatar_app.bench.probe import run_probe
from avatar_app.bench.result import Report
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

IMPORT_MS, WINDOW_MS, FACE_MS, LOOP_LAG_MS = 200.0, 1500.0, 3000.0, 16.0
HEAVY = ("PySide6", "onnxruntime", "torch", "cv2", "skia", "livekit", "av", "pocketsphinx")
"""What `import avatar_app` must not load."""
PROBE = "avatar_app.bench.window.startup_probe"
PATIENCE = 150
"""Timeout in seconds for one start of the window."""
_LOADED = (
    "import avatar_app, sys; "
    f"print(sum(name.split('.')[0] in {HEAVY!r} and '.' not in name for name in sys.modules))"
)


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Measure starts, each in a fresh process with a temporary user folder."""
    del settings  # each process reads the shipped settings
    rounds = 3 if quick else 10
    bare = [_seconds("0", paths) for _ in range(rounds)]
    imported = [_seconds("import avatar_app", paths) for _ in range(rounds)]
    report = Report()
    own = (float(np.median(imported)) - float(np.median(bare))) * 1000
    report.add("bare_interpreter", float(np.median(bare)) * 1000, "ms")
    report.add("import_avatar_app", own, "ms", most=IMPORT_MS)
    report.add(
        "heavy_packages_imported",
        float(run_probe(["-c", _LOADED], paths, PATIENCE, "A fresh start")),
        "",
        most=0,
    )
    _open_window(paths)  # once to fill the disk cache: the target is for a warm start
    seen = [_open_window(paths) for _ in range(1 if quick else 3)]
    visible = _median(seen, "window_visible_ms")
    report.add("window_visible", visible, "ms", most=WINDOW_MS)
    report.add("first_face_frame", _median(seen, "first_face_frame_ms"), "ms", most=FACE_MS)
    report.add("loop_lag_p50", _median(seen, "loop_lag_p50_ms"), "ms")
    report.add("loop_lag_p99", _median(seen, "loop_lag_p99_ms"), "ms", most=LOOP_LAG_MS)
    report.add("loop_beats", _median(seen, "beats"), "", least=100)
    return report


def _seconds(code: str, paths: AppPaths) -> float:
    began = time.perf_counter()
    run_probe(["-c", code], paths, PATIENCE, "A fresh start")
    return time.perf_counter() - began


def _open_window(paths: AppPaths) -> dict[str, Any]:
    """Return the probe's output."""
    lines = run_probe(["-m", PROBE], paths, PATIENCE, "The window").splitlines()
    seen: dict[str, Any] = json.loads(lines[-1])
    return seen


def _median(seen: list[dict[str, Any]], name: str) -> float | None:
    values = [each[name] for each in seen]
    return None if None in values else float(np.median(values))
