"""Idle: processor use of the window at rest, hidden, and while the avatar speaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from avatar_app.bench.result import Report
from avatar_app.core.errors import EngineFailed
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import DATA_DIR_VARIABLE, AppPaths

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
    command = [sys.executable, "-m", PROBE, str(seconds)]
    environment = os.environ | {DATA_DIR_VARIABLE: str(paths.data)}
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE + 3 * seconds,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineFailed("The window did not end in time.", "Close other programs.") from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "").strip().splitlines()[-1:]
        raise EngineFailed(
            f"The window failed: {' '.join(last)}.", "Type: avatar-app doctor"
        ) from error
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured
