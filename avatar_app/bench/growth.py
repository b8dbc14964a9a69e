"""Growth of memory, threads and open files over the minutes of a run."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from avatar_app.bench.process_family import FamilyReading
from avatar_app.bench.result import Report

WARM_UP = 0.5
"""Share of the time before memory is watched: caches fill for some eight minutes, each length of
sound that is recognized or spoken has its own buffers. See docs/benchmarks.md."""


def add_growth(
    report: Report, minutes: Sequence[float], read: Sequence[FamilyReading], most_mb: float
) -> None:
    """Add what was gained after warming up. `read`: at each of `minutes`; `most_mb`: the target for
    memory, in ten minutes."""
    memory = [each.memory_mb for each in read]
    report.add("memory_growth", 10 * _slope(minutes, memory), "MB in 10 minutes", most=most_mb)
    report.add("memory_end", memory[-1], "MB")
    report.add("threads_gained", _gained(read, lambda each: each.threads), "", most=0)
    report.add("files_gained", _gained(read, lambda each: each.files), "", most=0)
    report.series["memory [MB]"] = memory


def _warm(values: Sequence[float]) -> Sequence[float]:
    return values[round(WARM_UP * len(values)) :]


def _slope(minutes: Sequence[float], memory: Sequence[float]) -> float:
    """MB a minute: the median of the slopes between any two readings (Theil and Sen), which a few
    long sentences do not tilt. NaN for too few."""
    pairs = itertools.combinations(zip(_warm(minutes), _warm(memory), strict=True), 2)
    slopes = [(mb - mb0) / (at - at0) for (at0, mb0), (at, mb) in pairs if at > at0]
    return float(np.median(slopes)) if slopes else float("nan")


def _gained(read: Sequence[FamilyReading], count: Callable[[FamilyReading], int]) -> int:
    """From the calmest reading of the first half after warming up to that of the second."""
    warm = _warm([count(each) for each in read])
    half = len(warm) // 2
    return int(min(warm[half:]) - min(warm[: max(1, half)]))
