"""Barge-in: words stop the avatar at once; noises and its own voice never do."""

from __future__ import annotations

from avatar_app.bench.coughs import measure_coughs
from avatar_app.bench.echoes import measure_echoes
from avatar_app.bench.interruptions import measure_interruptions
from avatar_app.bench.result import Report
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Measure interruptions, noises, and the echo of the loudspeaker."""
    del paths  # nothing is stored
    report = Report()
    measure_interruptions(report, settings, rounds=10 if quick else 100)
    measure_coughs(report, settings, count=5 if quick else 24)
    measure_echoes(report, settings, minutes=1.0 if quick else 10.0)
    return report
