"""Measures real conversations under load: whether every recording gets an answer, and how late."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from avatar_app.bench.busy import busy_processes
from avatar_app.bench.result import Report, quantile
from avatar_app.bench.wait import ask_all
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

PATIENCE = 30.0
"""Seconds that somebody beside a busy machine waits for a word; what comes later was lost."""


def measure_beside_load(
    report: Report, settings: Settings, paths: AppPaths, load: int, *, quick: bool
) -> None:
    """The same sayings twice in one run: alone, and beside `load` busy processes."""
    alone = ask_all(settings, paths, quick=quick, patience=PATIENCE)
    with busy_processes(load):
        loaded = ask_all(settings, paths, quick=quick, patience=PATIENCE)
    report.add("busy_processes", load, "")
    _add_wait(report, "alone", alone)
    _add_wait(report, "beside", loaded)
    both = [(one, other) for one, other in zip(alone, loaded, strict=True) if one and other]
    times = [other["first_sound"] / one["first_sound"] for one, other in both]
    report.add("first_sound_beside_to_alone", float(np.median(times)) if times else None, "times")
    report.add("answered_beside", _answered(loaded), "%", least=100)


def _add_wait(report: Report, name: str, asked: Iterable[dict[str, float]]) -> None:
    answered = [marks for marks in asked if marks]
    for mark in ("text", "first_sound"):
        values = [marks[mark] for marks in answered if mark in marks]
        for percentile in ("p50", "p95"):
            report.add(f"{mark}_{name}_{percentile}", quantile(values, percentile), "ms")


def _answered(asked: list[dict[str, float]]) -> float:
    return 100 * sum(map(bool, asked)) / len(asked)
