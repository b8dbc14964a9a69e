"""Real: a whole conversation with real models, the starter set's, recordings as its microphone.

`--load 4`: the same beside four busy processes, in one run with none. `--minutes 30`: whether it
grows.
"""

from __future__ import annotations

import psutil

from avatar_app.bench.interruptions import measure_interruptions
from avatar_app.bench.process_family import read_family
from avatar_app.bench.real_growth import measure_growth
from avatar_app.bench.real_load import measure_beside_load
from avatar_app.bench.result import Report
from avatar_app.bench.wait import measure_wait
from avatar_app.core.errors import ModelMissing
from avatar_app.models.catalog import STARTER, user_catalog
from avatar_app.models.store import Presence, Store
from avatar_app.runtime.kinds import BUILTIN, choices
from avatar_app.session.offline.conversation import OfflineConversation
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.system.paths import AppPaths, app_paths

SOUND_P50, SOUND_P95 = 1200.0, 2000.0
"""Milliseconds from the end of the user's voice to the first sound."""
MEMORY_MB = 1200.0
"""Of this process and those of its engines; what they share is counted once."""


def measure(
    settings: Settings,
    paths: AppPaths,
    *,
    quick: bool,
    load: int | None = None,
    minutes: float | None = None,
) -> Report:
    """The wait for an answer, interruptions, and the memory of everything; or, with `load` or
    `minutes`, what the same is beside other programs, or grows to."""
    chosen, report = with_starter_set(settings, app_paths()), Report()
    report.add("load_before", psutil.getloadavg()[0], "processes")
    if load is not None:
        measure_beside_load(report, chosen, paths, load, quick=quick)
    if minutes is not None:
        measure_growth(report, chosen, paths, minutes, quick=quick)
    if load is None and minutes is None:
        _measure_conversation(report, chosen, paths, quick=quick)
    report.add("load_after", psutil.getloadavg()[0], "processes")
    return report


def _measure_conversation(
    report: Report, settings: Settings, paths: AppPaths, *, quick: bool
) -> None:
    memory = list[float]()

    def look(_conversation: OfflineConversation) -> None:
        memory.append(read_family().memory_mb)

    target = (SOUND_P50, SOUND_P95)
    measure_wait(report, settings, paths, quick=quick, sound=target, watch=look)
    measure_interruptions(report, settings, rounds=5 if quick else 40)
    report.add("memory", max(memory, default=None), "MB", most=MEMORY_MB)


def with_starter_set(settings: Settings, paths: AppPaths) -> Settings:
    """Return the settings with the models of the starter set in place of built-in engines: what
    `setup` chose for this machine stays. Raises ModelMissing where one is not installed."""
    store, now = Store.of(paths), choices(settings)
    chosen = {}
    for model in user_catalog(store.root).find_all([STARTER]):
        if now[model.kind].engine != BUILTIN[model.kind]:
            continue
        if store.presence(model) is not Presence.INSTALLED:
            raise ModelMissing(
                f"{model.title} is not installed.", "Type: avatar-app models download starter"
            )
        path = str(store.path(model))
        chosen[str(model.kind)] = EngineChoice(engine=model.engine, options={"model": path})
    return settings.model_copy(update=chosen)
