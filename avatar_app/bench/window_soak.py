"""Window soak: does the open window grow in memory, threads or files over minutes of real time?"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import psutil

from avatar_app.bench.growth import add_growth
from avatar_app.bench.idle import CORES
from avatar_app.bench.probe import run_probe
from avatar_app.bench.process_family import FamilyReading
from avatar_app.bench.result import Report
from avatar_app.system.paths import AppPaths

PROBE = "avatar_app.bench.window.soak_probe"
PATIENCE = 600.0
"""Seconds in addition to the measured time: the last round may be a long one."""
GROWTH_MB = 2.0
"""In ten minutes."""
TURNS_PER_MINUTE = 0.5
"""Fewer turns than these would stress nothing."""


def measure_window(paths: AppPaths, minutes: float) -> Report:
    """Let a window be used for so long, with the built-in engines: questions are typed and spoken,
    answers interrupted, pages opened; in between it rests and is hidden."""
    arguments = ["-m", PROBE, str(minutes)]
    output = run_probe(arguments, paths, 60 * minutes + PATIENCE, "The window", shown=True)
    measured: dict[str, Any] = json.loads(output.splitlines()[-1])
    report = Report()
    at = measured["minutes"]
    add_growth(report, at, [FamilyReading(*each) for each in measured["read"]], GROWTH_MB)
    for state, most in CORES.items():
        report.add(state, float(np.median(measured[state])), "cores", most=most)
    report.add("minutes", at[-1], "min", least=minutes)
    turns = measured["turns"]
    report.add("turns", turns, "", least=TURNS_PER_MINUTE * minutes)
    report.add("spoken_turns", measured["spoken"], "", least=turns // 10)
    report.add("interrupted_turns", measured["interrupted"], "", least=turns // 10)
    report.add("failures", len(measured["failed"]), "", most=0)
    report.add("load", psutil.getloadavg()[2], "processes")
    return report
