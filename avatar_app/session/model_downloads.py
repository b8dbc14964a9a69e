"""Works through the download queue in a thread: pause, resume, cancel, retry; nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from avatar_app.core.errors import AvatarError, InputInvalid
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.listeners import Listeners
from avatar_app.core.network_access import ALLOW_NETWORK, NetworkAccess
from avatar_app.models.catalog import Catalog, Model
from avatar_app.models.errors import DiskFailed, DownloadFailed, LicenseNotAccepted
from avatar_app.models.progress import DownloadProgress
from avatar_app.models.store import Presence, Store
from avatar_app.models.trash import ModelTrash
from avatar_app.session.job_thread import JobThread
from avatar_app.storage.downloads import DownloadQueue, DownloadState, QueuedDownload
from avatar_app.system.network_guard import current_guard

if TYPE_CHECKING:  # it is loaded with the first download
    from avatar_app.models.transfer import DownloadOptions

TELL_EVERY = 0.25
"""Seconds between two reports of the progress."""


class TransferState(StrEnum):
    """What happens with an ordered model."""

    FETCHING = "fetching"
    WAITING = "waiting"
    PAUSED = "paused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ModelTransfer:
    """An ordered model that is not here whole."""

    model: Model
    state: TransferState
    progress: DownloadProgress
    message: str = ""
    """What went wrong, where it failed."""
    hint: str = ""


@dataclass(eq=False)
class ModelDownloads:
    """One model is fetched at a time. All methods may be called from any thread; listeners are
    called from several. Methods that write raise InputInvalid where the queue's file cannot be
    used."""

    queue: DownloadQueue
    store: Store
    catalog: Callable[[], Catalog]
    """The catalog as it is now."""
    options: DownloadOptions | None = None
    times_stopped: int = 0
    """How often a fetch ended, whole or not: what is on the disk may differ then."""
    _current: str = ""
    _unwritten: dict[str, QueuedDownload] = field(default_factory=dict)
    """Failures that the queue's file, on a full disk, did not take."""
    _progress: DownloadProgress = field(default_factory=DownloadProgress)
    _changed: Listeners[[]] = field(default_factory=Listeners)

    def __post_init__(self) -> None:
        self._thread = JobThread("downloads", self._run)

    def transfers(self) -> tuple[ModelTransfer, ...]:
        """In the order in which they are fetched. Errors that hold no more are left out."""
        known = self.catalog().by_id
        found = []
        for queued in self.queue.entries():
            entry = self._unwritten.get(queued.model, queued)
            model = known.get(entry.model)
            if model is None or self._is_done(entry, model):
                with suppress(InputInvalid):  # on a full disk it leaves later
                    self.queue.drop(entry.model)
                continue
            if entry.state is DownloadState.FAILED and self._is_mended(entry, model):
                self._unwritten.pop(model.id, None)
                self.queue.pause(model.id)
                entry = QueuedDownload(model.id, DownloadState.PAUSED)
            found.append(self._transfer(entry, model))
        return tuple(found)

    def get(self, model: str) -> None:
        """Order a model, or try it again, or go on with it."""
        self.queue.put(model)
        self._unwritten.pop(model, None)
        with self._thread.lock:
            self._thread.wake()
        self._changed()

    def get_all(self) -> None:
        """Go on with everything that is paused or has failed."""
        for entry in self.queue.entries():
            if entry.state is not DownloadState.WAITING or entry.model in self._unwritten:
                self.get(entry.model)

    def pause(self, model: str) -> None:
        """Stop fetching it; what has come stays."""
        self.queue.pause(model)
        self._unwritten.pop(model, None)
        self._stop(model)
        self._changed()

    def cancel(self, model: str) -> None:
        """Take it off the queue; what has come stays until the model is deleted."""
        self.queue.drop(model)
        self._unwritten.pop(model, None)
        self._stop(model)
        self._changed()

    def wait_stopped(self, model: str, timeout: float = 10.0) -> None:
        """Block until a model that was paused or cancelled is let go."""
        with self._thread.lock:
            self._thread.lock.wait_for(lambda: self._current != model, timeout)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when a transfer changed, a few times a second at most; returns what ends
        that."""
        return self._changed.subscribe(listener)

    def close(self) -> None:
        """Stop; what is not here is paused when the queue is opened again."""
        self._thread.close()
        self.queue.close()

    def _is_done(self, entry: QueuedDownload, model: Model) -> bool:
        """Did it come by another way?"""
        return entry.model != self._current and self.store.presence(model) is Presence.INSTALLED

    def _is_mended(self, entry: QueuedDownload, model: Model) -> bool:
        """Has the disk room now, was the license accepted, is the network allowed?"""
        if entry.hint == ALLOW_NETWORK:
            guard = current_guard()
            return guard is None or guard.access is NetworkAccess.ALL
        if entry.reason == LicenseNotAccepted.__name__:
            return self.store.is_accepted(model)
        if entry.reason != DiskFailed.__name__:
            return False
        lacking = max(0, (model.bytes or 0) - self.store.installed_bytes(model))
        try:
            self.store.check_disk_space(lacking, model.title)
        except DiskFailed:
            return False
        return True

    def _transfer(self, entry: QueuedDownload, model: Model) -> ModelTransfer:
        state = TransferState(entry.state.value)
        with self._thread.lock:
            if entry.model == self._current and state is TransferState.WAITING:
                return ModelTransfer(model, TransferState.FETCHING, self._progress)
        done = self.store.installed_bytes(model)
        progress = DownloadProgress(model.id, done=done, total=model.bytes)
        return ModelTransfer(model, state, progress, entry.message, entry.hint)

    def _stop(self, model: str) -> None:
        with self._thread.lock:
            if self._current == model and self._thread.job is not None:
                self._thread.job.cancel()

    def _run(self) -> None:
        """Fetch one after the other; the thread ends with the queue."""
        unreachable: dict[str, DownloadFailed] = {}
        while (model := self._next(unreachable)) is not None:
            try:
                self._fetch(model)
            finally:
                with self._thread.lock:
                    self._current, self._thread.job = "", None
                    self.times_stopped += 1
                    self._thread.lock.notify_all()
                self._changed()

    def _next(self, unreachable: dict[str, DownloadFailed]) -> Model | None:
        from avatar_app.models.download import download  # it brings HTTP

        known = self.catalog().by_id
        with self._thread.lock:
            waiting = (
                known.get(entry.model)
                for entry in self.queue.entries()
                if entry.state is DownloadState.WAITING and entry.model not in self._unwritten
            )
            model = None if self._thread.is_closed else next(filter(None, waiting), None)
            if model is None:
                self._thread.rest()
                return None
            chosen, store, options = model, self.store, self.options

            def work(job: Job[Path]) -> Path:
                return download(job, chosen, store, self._watch, options, unreachable)

            self._current, self._thread.job = model.id, Job(model.title, work)
            done = store.installed_bytes(model)
            self._progress = DownloadProgress(model.id, done=done, total=model.bytes)
        self._changed()
        return model

    def _fetch(self, model: Model) -> None:
        job = self._thread.job
        if job is None:
            return
        try:
            self._make_room(model)
            job.run()
            self.queue.drop(model.id)
        except JobCancelled:
            return
        except AvatarError as error:
            self._fail(model.id, error)

    def _fail(self, model: str, error: AvatarError) -> None:
        failed = (model, error.message, error.hint, type(error).__name__)
        try:
            self.queue.fail(*failed)
        except InputInvalid:
            id, message, hint, reason = failed
            self._unwritten[id] = QueuedDownload(id, DownloadState.FAILED, message, hint, reason)

    def _make_room(self, model: Model) -> None:
        """What was deleted goes for good where its room is needed."""
        lacking = max(0, (model.bytes or 0) - self.store.installed_bytes(model))
        try:
            self.store.check_disk_space(lacking, model.title)
        except DiskFailed:
            ModelTrash(self.store).purge()

    def _watch(self, progress: DownloadProgress) -> None:
        """In the thread that fetches, some twenty times a second."""
        with self._thread.lock:
            before, self._progress = self._progress, progress
        slot = int(time.monotonic() / TELL_EVERY)
        if before.file != progress.file or slot != self._shown_slot:
            self._shown_slot = slot
            self._changed()

    _shown_slot: int = 0
