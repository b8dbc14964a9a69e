"""Journeys: does the window stay responsive while a person does what it is there for?"""

from __future__ import annotations

import json
from typing import Any

import psutil

from avatar_app.bench.history import PER_CONVERSATION, TURNS, fill
from avatar_app.bench.probe import run_probe
from avatar_app.bench.result import Report
from avatar_app.bench.startup import LOOP_LAG_MS
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.sample_avatars import sample_avatars
from avatar_app.settings.schema import Settings
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import AppPaths

PROBE = "avatar_app.bench.window.journeys_probe"
PATIENCE = 900.0
"""Seconds for all journeys."""
QUICK_TURNS = 400


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """How late the event loop is in each journey: a conversation, each page twice, settings and a
    history of TURNS turns searched, a photo made an avatar, languages and colors switched.
    Busy is processor time, which other programs do not lengthen."""
    del settings  # the process reads the shipped settings
    fill(paths.history_file, QUICK_TURNS if quick else TURNS, PER_CONVERSATION)
    photo = sample_avatars(SettingsStore(paths.settings_file), paths, Registry()).photo
    output = run_probe(["-m", PROBE, str(photo)], paths, PATIENCE, "The window")
    measured: dict[str, dict[str, Any]] = json.loads(output.splitlines()[-1])
    report = Report()
    for name, seen in measured.items():
        report.add(f"{name}_p50", seen["p50"], "ms")
        report.add(f"{name}_p99", seen["p99"], "ms", most=LOOP_LAG_MS)
        report.add(f"{name}_busy_p99", seen["busy_p99"], "ms", most=LOOP_LAG_MS)
        report.add(f"{name}_longest", seen["longest"], "ms")
        report.add(f"{name}_busiest", seen["busiest"], "ms")
        report.add(f"{name}_seconds", seen["seconds"], "s")
    report.add("load", psutil.getloadavg()[0], "processes")
    return report
