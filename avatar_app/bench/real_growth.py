"""Real for minutes: does a conversation with real models grow in memory, threads or files?"""

from __future__ import annotations

import itertools

import numpy as np

from avatar_app.bench.growth import add_growth
from avatar_app.bench.process_family import FamilyReading, read_family
from avatar_app.bench.result import Report
from avatar_app.bench.wait import Asker, asked_conversation
from avatar_app.session.offline.simulated_user import PHRASES, Saying, UserVoice, recordings
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

LISTENED = (0.4, 8.0)
"""Seconds for which an answer is heard before it is stopped, at random: some are heard out."""
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
    with asked_conversation(settings, paths) as offline:
        asker = Asker(offline, PATIENCE, lambda: float(rng.uniform(*LISTENED)))
        for saying in itertools.cycle(sayings):
            answered += bool(asker.ask(saying))
            offline.events.clear()  # what a bench keeps must not look like a leak
            read.append(read_family())
            at.append(offline.clock() / 60)
            if at[-1] >= minutes:
                break
    report.add("conversation", at[-1], "min", least=minutes)
    report.add("answered", 100 * answered / len(read), "%", least=90)
    add_growth(report, at, read, GROWTH_MB)


def _sayings(*, quick: bool) -> list[Saying]:
    with UserVoice() as voice:
        spoken = [voice.say(text) for text in PHRASES[: 4 if quick else None]]
    return spoken + recordings()[: 1 if quick else None]
