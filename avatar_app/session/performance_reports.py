"""The performance of the running conversation: its last turn, one suggestion, its processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from avatar_app.core.events import Event, TurnEnded
from avatar_app.core.listeners import Listeners
from avatar_app.engines.hosting.host import Host
from avatar_app.models.catalog import user_catalog
from avatar_app.models.store import Store
from avatar_app.performance.advice import Advice, Adviser
from avatar_app.performance.turn_report import TurnReport, turn_report, usual_report
from avatar_app.runtime.memory.evictable import EvictableEngine
from avatar_app.runtime.registry import Registry
from avatar_app.settings.store import SettingsChange, SettingsStore
from avatar_app.storage.measurements import Measurements
from avatar_app.system.hardware import Cards, nvml
from avatar_app.system.paths import AppPaths

if TYPE_CHECKING:  # both are loaded later
    import psutil

    from avatar_app.session.live_conversation import LiveConversation

DAYS = 30
"""History that a turn is compared with."""


@dataclass(frozen=True, slots=True)
class EngineProcess:
    """A process whose load is shown."""

    title: str
    pid: int


@dataclass(frozen=True, slots=True)
class ProcessLoad:
    """What a process takes."""

    title: str
    cores: float | None
    """Processor cores it kept busy since it was last asked; None the first time."""
    ram_mb: float
    """In MB (2**20 bytes)."""
    vram_mb: float = 0.0
    """Of graphics cards; 0 without one, or where its driver does not say."""


@dataclass(frozen=True, slots=True)
class PerformanceReport:
    """What the page of performance shows."""

    turn: TurnReport
    has_turn: bool
    """A turn ended since the program started; else the report is a typical one."""
    advice: Advice | None


class PerformanceReports:
    """A listener to events, which keeps the last answer that was heard. Reads the stored times at
    each call of `report`."""

    def __init__(
        self,
        settings: SettingsStore,
        paths: AppPaths,
        registry: Registry,
        processes: Callable[[], tuple[EngineProcess, ...]] = tuple,
    ) -> None:
        """`processes`: those of the engines, besides this one."""
        self._settings, self._paths, self._registry = settings, paths, registry
        self._processes = processes
        self._cards: Cards | None = None
        self._last: TurnEnded | None = None
        self._watched: dict[int, psutil.Process] = {}
        self._listeners = Listeners[[]]()

    def __call__(self, event: Event) -> None:
        if isinstance(event, TurnEnded) and event.user_text and "first_sound" in event.marks:
            self._last = event
            self._listeners()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each turn, from another thread; returns what ends that."""
        return self._listeners.subscribe(listener)

    def report(self) -> PerformanceReport:
        """Return the last turn next to the stored ones. May take a moment."""
        last = self._last
        with closing(Measurements.of(self._paths)) as measurements:
            history = measurements.stages(DAYS)
        if last is None:
            return PerformanceReport(usual_report(history), has_turn=False, advice=None)
        turn = turn_report(last, history)
        store = Store.of(self._paths)
        adviser = Adviser(self._settings.settings, self._registry, store, user_catalog(store.root))
        return PerformanceReport(turn, has_turn=True, advice=adviser.advise(turn))

    def apply(self, advice: Advice) -> SettingsChange:
        """Change the settings as suggested; undone like any setting."""
        return self._settings.change(advice.settings)

    def loads(self) -> tuple[ProcessLoad, ...]:
        """Return what this process and those of the engines take now."""
        own = EngineProcess("", os.getpid())
        wanted = {each.pid: each for each in (own, *self._processes())}
        if self._cards is None:
            self._cards = Cards(nvml())
        cards = self._cards
        self._watched = {pid: now for pid, now in self._watched.items() if pid in wanted}
        found = (self._load(each, cards) for each in wanted.values())
        return tuple(load for load in found if load is not None)

    def _load(self, each: EngineProcess, cards: Cards) -> ProcessLoad | None:
        import psutil

        try:
            known = each.pid in self._watched
            process = self._watched.setdefault(each.pid, psutil.Process(each.pid))
            cores = process.cpu_percent(None) / 100
            ram_mb = process.memory_info().rss / 2**20
            vram_mb = cards.used_mb_by(frozenset({each.pid}))
            return ProcessLoad(each.title, cores if known else None, ram_mb, vram_mb)
        except psutil.Error:  # it has ended meanwhile
            self._watched.pop(each.pid, None)
            return None


def processes_of(conversation: LiveConversation | None) -> tuple[EngineProcess, ...]:
    """Return the engines of a conversation that run in processes of their own."""
    if conversation is None:
        return ()
    manifests, found = dict(conversation.engine_set.manifests), []
    for kind, engine in dict(conversation.engine_set.engines).items():
        pid = engine.process_id if isinstance(engine, EvictableEngine) else None
        if isinstance(engine, Host):
            pid = engine.pid
        if pid is not None:
            found.append(EngineProcess(manifests[kind].title, pid))
    return tuple(found)
