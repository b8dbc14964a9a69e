"""Real for minutes: does a conversation with real models grow in memory, threads or files?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from avatar_app.bench.process_family import FamilyReading, read_family
from avatar_app.bench.result import Report
from avatar_app.bench.wait import Asker, asked_conversation
from avatar_app.session.offline.simulated_user import PHRASES, Saying, UserVoice, recordings
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

LISTENED = (0.4, 8.0)
"""Seconds for which an answer is heard before it is stopped, at random: some are heard out."""
WARM_UP = 0.5
"""Share of the time before memory is watched: caches fill for some eight minutes, each length of
sound that is recognized or spoken has its own buffers. See docs/benchmarks.md."""
PATIENCE = 15.0
"""Seconds that are waited for a word: growth is looked for on busy machines too."""
GROWTH_MB = 10.0
"""In ten minutes."""


def measure_growth(
    report: Report, settings: Settings, paths: AppPaths, minutes: float, *, quick: bool
) -> None:
    """One conversation of so many minutes of its own clock, all sayings again and again."""
    rng = np.random.default_rng(17)
    sayings, read = _sayings(quick=quick), list[FamilyReading]()
    at, answered = list[float](), 0
    with asked_conversation(settings, paths) as gathering:
        asker = Asker(gathering, PATIENCE, lambda: float(rng.uniform(*LISTENED)))
        for saying in itertools.cycle(sayings):
            answered += bool(asker.ask(saying))
            gathering.events.clear()  # what a bench keeps must not look like a leak
            read.append(read_family())
            at.append(gathering.clock() / 60)
            if at[-1] >= minutes:
                break
    report.add("conversation", at[-1], "min", least=minutes)
    report.add("answered", 100 * answered / len(read), "%", least=90)
    memory = [each.memory_mb for each in read]
    report.add("memory_growth", 10 * _slope(at, memory), "MB in 10 minutes", most=GROWTH_MB)
    report.add("memory_end", memory[-1], "MB")
    report.add("threads_gained", _gained(read, lambda each: each.threads), "", most=0)
    report.add("files_gained", _gained(read, lambda each: each.files), "", most=0)
    report.series["memory [MB]"] = memory


def _sayings(*, quick: bool) -> list[Saying]:
    with UserVoice() as voice:
        spoken = [voice.say(text) for text in PHRASES[: 4 if quick else None]]
    return spoken + recordings()[: 1 if quick else None]


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
