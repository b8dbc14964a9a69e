"""Keeps how long each turn took, warns of an engine that is too slow, and names a lighter one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Event, Noticed, TurnEnded
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.models.catalog import user_catalog
from avatar_app.performance.monitor import Monitor
from avatar_app.performance.suggestions import suggestion
from avatar_app.settings.schema import HistorySettings
from avatar_app.storage.measurements import Measurements, Used
from avatar_app.storage.recorder import Recorder
from avatar_app.storage.stage_times import times_of
from avatar_app.system.paths import AppPaths

log = logging.getLogger(__name__)


class LatencyRecorder:
    """A listener to events; it writes in a thread of its own. `close` waits until all is written.

    Each engine is warned of once. A file that cannot be used costs the stored times, nothing else.
    """

    def __init__(
        self, places: AppPaths, history: HistorySettings, notice: Callable[[Noticed], None]
    ) -> None:
        """Times are stored where conversations are, and as long."""
        self._places, self._notice = places, notice
        self._notices: list[Noticed] = []
        self._measurements = (
            _opened(places, history.days, self._notices.append) if history.keep else None
        )
        self._monitor = Monitor({})
        self._used: Callable[[], Mapping[Kind, Used]] = dict
        self._told: set[str] = set()
        self._recorder = Recorder(self)

    def watch(
        self, manifests: Mapping[Kind, Manifest], used: Callable[[], Mapping[Kind, Used]]
    ) -> None:
        """`manifests`: of the engines in use, kept up to date by whoever exchanges them; `used`:
        with their models."""
        self._monitor, self._used = Monitor(manifests, self._suggest), used
        for notice in self._notices:
            self._notice(notice)

    def __call__(self, event: Event) -> None:
        self._recorder(event)

    def add(self, turn: TurnEnded, at: datetime) -> None:
        """Take one turn, in the recorder's thread."""
        self._monitor.add(turn)
        for broken in self._monitor.warnings():
            if broken.engine not in self._told:
                self._told.add(broken.engine)
                self._notice(Noticed(broken.message, broken.suggestion))
        if self._measurements is not None:
            store_times(self._measurements, turn, self._used(), at)

    def forget(self) -> None:
        """Delete the stored times; the user is told where that cannot be done."""
        try:
            if self._measurements is not None:
                self._measurements.forget()
        except AvatarError as error:
            self._notice(Noticed(error.message, error.hint))

    def close(self) -> None:
        self._recorder.close()
        if self._measurements is not None:
            self._measurements.close()

    def _suggest(self, manifest: Manifest) -> str:
        used = self._used().get(manifest.kind)
        return suggestion(manifest, used.model if used else "", user_catalog(self._places.models))


def store_turns(
    places: AppPaths, history: HistorySettings, turns: list[TurnEnded], used: Mapping[Kind, Used]
) -> None:
    """Keep the times of a conversation that is over."""
    if not history.keep:
        return
    measurements = _opened(places, history.days, lambda told: log.info("%s", told.message))
    if measurements is not None:
        with closing(measurements):
            for turn in turns:
                store_times(measurements, turn, used, datetime.now(UTC))


def store_times(
    measurements: Measurements, turn: TurnEnded, used: Mapping[Kind, Used], at: datetime
) -> None:
    """Keep a turn's times; a disk that refuses is logged."""
    try:
        measurements.add_times(times_of(turn), used, at)
    except AvatarError as error:
        log.info("the times of a turn are lost: %s", error)


def _opened(places: AppPaths, days: int, notice: Callable[[Noticed], None]) -> Measurements | None:
    try:
        measurements = Measurements.of(places)
        measurements.prune(days)
    except AvatarError as error:
        notice(Noticed(error.message, f"{error.hint} Until then no times of turns are kept."))
        return None
    if measurements.notice:
        notice(Noticed(measurements.notice))
    return measurements
