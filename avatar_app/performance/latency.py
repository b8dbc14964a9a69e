"""Records turn latencies, warns about engines that are too slow, and suggests lighter ones."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import partial

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Event, Failed, Noticed, TurnEnded
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.models.catalog import user_catalog
from avatar_app.performance.monitor import Monitor
from avatar_app.performance.suggestions import suggestion
from avatar_app.runtime.kinds import KIND_OF_STAGE
from avatar_app.settings.schema import HistorySettings
from avatar_app.storage.believed_time import believed_time
from avatar_app.storage.measurements import Measurements, Used
from avatar_app.storage.recorder import Recorder
from avatar_app.storage.stage_times import times_of
from avatar_app.system.paths import AppPaths

log = logging.getLogger(__name__)


class LatencyRecorder:
    """A listener to events; it writes in a thread of its own. `close` waits until everything is
    written.

    Warns about each engine once. An unusable file only means that no times are stored.
    """

    def __init__(
        self, paths: AppPaths, history: HistorySettings, notice: Callable[[Noticed], None]
    ) -> None:
        """Times are stored next to conversations, and as long."""
        self._paths, self._notice = paths, notice
        self._notices: list[Noticed] = []
        self._measurements = (
            _opened(paths, history.days, self._notices.append) if history.keep else None
        )
        self._monitor = Monitor({})
        self._used: Callable[[], Mapping[Kind, Used]] = dict
        self._reported: set[str] = set()
        self._recorder = Recorder(self)

    def watch(
        self, manifests: Mapping[Kind, Manifest], used: Callable[[], Mapping[Kind, Used]]
    ) -> None:
        """Start measuring. `manifests`: of the engines in use, updated by their owner; `used`: with
        their models."""
        self._monitor, self._used = Monitor(manifests, self._suggest), used
        for notice in self._notices:
            self._notice(notice)

    def __call__(self, event: Event) -> None:
        self._recorder(event)
        if isinstance(event, Failed) and self._measurements is not None:
            self._recorder.put(partial(self._keep_failure, event, datetime.now(UTC)))

    def add(self, turn: TurnEnded, at: datetime) -> None:
        """Record one turn, in the recorder's thread."""
        self._monitor.add(turn)
        for broken in self._monitor.warnings():
            if broken.engine not in self._reported:
                self._reported.add(broken.engine)
                self._notice(Noticed(broken.message, broken.suggestion))
        if self._measurements is not None:
            store_times(self._measurements, turn, self._used(), at)

    def _keep_failure(self, failed: Failed, at: datetime) -> None:
        """In the recorder's thread."""
        kind = KIND_OF_STAGE.get(failed.stage)
        used = self._used().get(kind) if kind else None
        assert self._measurements is not None, "only then it is recorded"
        try:
            name = used.name if used else ""
            self._measurements.add_failure(failed.stage, name, failed.reason.__name__, at)
        except AvatarError as error:
            log.info("a failure is not counted: %s", error)

    def forget(self) -> None:
        """Delete the stored times; notifies the user where that fails."""
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
        return suggestion(manifest, used.model if used else "", user_catalog(self._paths.models))


def store_turns(
    paths: AppPaths, history: HistorySettings, turns: list[TurnEnded], used: Mapping[Kind, Used]
) -> None:
    """Store the times of a conversation that is over."""
    if not history.keep:
        return
    measurements = _opened(paths, history.days, lambda notice: log.info("%s", notice.message))
    if measurements is not None:
        with closing(measurements):
            for turn in turns:
                store_times(measurements, turn, used, datetime.now(UTC))


def store_times(
    measurements: Measurements, turn: TurnEnded, used: Mapping[Kind, Used], at: datetime
) -> None:
    """Store a turn's times; disk errors are logged."""
    try:
        measurements.add_times(times_of(turn), used, at)
    except AvatarError as error:
        log.info("the times of a turn are lost: %s", error)


def _opened(paths: AppPaths, days: int, notice: Callable[[Noticed], None]) -> Measurements | None:
    try:
        measurements = Measurements.of(paths)
        measurements.prune(days, believed_time(paths))
    except AvatarError as error:
        notice(Noticed(error.message, f"{error.hint} Until then no times of turns are kept."))
        return None
    if measurements.notice:
        notice(Noticed(measurements.notice))
    return measurements
