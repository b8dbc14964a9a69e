"""Latency: how long the user waits for the answer, and which stage takes the time."""

from __future__ import annotations

from avatar_app.bench.overhead import measure_overhead
from avatar_app.bench.pauses import measure_pauses
from avatar_app.bench.result import Report
from avatar_app.bench.wait import measure_wait
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths


def measure(settings: Settings, places: AppPaths, *, quick: bool) -> Report:
    """Measure the pipeline's overhead, the wait with real engines, and pauses taken for an end."""
    report = Report()
    measure_overhead(report, turns=10 if quick else 60)
    measure_wait(report, settings, places, quick=quick)
    measure_pauses(report, settings, quick=quick)
    return report
