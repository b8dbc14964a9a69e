"""Real: a whole conversation with the starter set's real models, recordings as its microphone."""

from __future__ import annotations

import psutil

from avatar_app.bench.interruptions import measure_interruptions
from avatar_app.bench.result import Report
from avatar_app.bench.wait import measure_wait
from avatar_app.core.errors import ModelMissing
from avatar_app.models.catalog import STARTER, user_catalog
from avatar_app.models.store import Presence, Store
from avatar_app.session.offline.conversation import OfflineConversation
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.system.paths import AppPaths, app_paths

SOUND_P50, SOUND_P95 = 1200.0, 2000.0
"""Milliseconds from the end of the user's voice to the first sound."""
MEMORY_MB = 1200.0
"""Of this process and the processes of its engines."""


def measure(settings: Settings, places: AppPaths, *, quick: bool) -> Report:
    """The wait for an answer, interruptions, and the memory of everything."""
    chosen = with_starter_set(settings, app_paths())
    report, memory = Report(), list[float]()

    def look(_conversation: OfflineConversation) -> None:
        memory.append(_family_mb())

    measure_wait(report, chosen, places, quick=quick, sound=(SOUND_P50, SOUND_P95), watch=look)
    measure_interruptions(report, chosen, rounds=5 if quick else 40)
    report.add("memory", max(memory, default=None), "MB", most=MEMORY_MB)
    report.add("load", psutil.getloadavg()[0], "processes")
    return report


def with_starter_set(settings: Settings, paths: AppPaths) -> Settings:
    """The settings with the models of the starter set. ModelMissing where one is not here."""
    store = Store.of(paths)
    chosen = {}
    for model in user_catalog(store.root).find_all([STARTER]):
        if store.presence(model) is not Presence.HERE:
            raise ModelMissing(
                f"{model.title} is not on this machine.", "Type: avatar-app models download starter"
            )
        path = str(store.path(model))
        chosen[str(model.kind)] = EngineChoice(engine=model.engine, options={"model": path})
    return settings.model_copy(update=chosen)


def _family_mb() -> float:
    here = psutil.Process()
    family = [here, *here.children(recursive=True)]
    return float(sum(each.memory_info().rss for each in family)) / 2**20
