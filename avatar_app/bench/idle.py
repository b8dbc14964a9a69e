"""Idle: processor use of the window at rest, hidden, and while the avatar speaks."""

from __future__ import annotations

import json
from typing import Any

from avatar_app.bench.probe import run_probe
from avatar_app.bench.result import Report
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

QUICK_SECONDS, SECONDS = 5.0, 20.0
CORES = {"rest": 0.15, "hidden": 0.02, "speaking": 0.7}
"""Maximum share of one core in each state, with the built-in engines."""
NOTEWORTHY = 0.005
"""Share of a core from which a thread is listed."""
PROBE = "avatar_app.bench.window.idle_probe"
PATIENCE = 300.0
"""Timeout of the probe in seconds, in addition to the measured time."""


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Measure in a process of its own, with a fresh user folder."""
    del settings  # the process reads the shipped settings
    seconds = QUICK_SECONDS if quick else SECONDS
    measured = _probe(paths, seconds)
    report = Report()
    for state, most in CORES.items():
        threads: dict[str, float] = measured[state]["threads"]
        report.add(state, sum(threads.values()), "cores", most=most)
        report.add(f"{state}_pictures", measured[state]["pictures"], "Hz")
        for name, share in sorted(threads.items(), key=lambda each: -each[1]):
            if share >= NOTEWORTHY:
                report.add(f"{state}: {name}", share, "cores")
    return report


def _probe(paths: AppPaths, seconds: float) -> dict[str, Any]:
    """Return the probe's measurements."""
    arguments = ["-m", PROBE, str(seconds)]
    output = run_probe(arguments, paths, PATIENCE + 3 * seconds, "The window", shown=True)
    measured: dict[str, Any] = json.loads(output.splitlines()[-1])
    return measured
