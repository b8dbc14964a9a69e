"""Verifies and measures models, and installs what their engines need, one after the other."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from avatar_app.core.errors import AvatarError, EngineFailed, InputInvalid
from avatar_app.core.jobs import Job, JobCancelled, Progress
from avatar_app.models.catalog import Model, user_catalog
from avatar_app.models.store import RECORD, Store
from avatar_app.models.verify import Checked, verify
from avatar_app.runtime.memory.estimate import choice_key, model_mb
from avatar_app.runtime.registry import Registry
from avatar_app.session.job_thread import JobThread
from avatar_app.storage.measurements import Measurements
from avatar_app.system.extras.declared import Extra
from avatar_app.system.hardware import Cards, look_at_hardware, nvml
from avatar_app.system.paths import AppPaths

log = logging.getLogger(__name__)

LOGGED = "The log has the details."
MACHINE = ""
"""Stands for the id of a model where the machine itself is measured."""
FOLDER = "/"
"""Stands for the id of a model where the whole folder is moved."""


class UpkeepTask(StrEnum):
    """What is done with a model."""

    VERIFY = "verify"
    MEASURE = "measure"
    INSTALL = "install"
    """The packages of the engine are installed."""
    MOVE = "move"
    """All models are moved to another folder."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """A task under way, or its outcome."""

    task: UpkeepTask
    done: bool = False
    fraction: float = 0.0
    text: str = ""
    """What is being done, where it was reported."""
    flaws: tuple[Checked, ...] = ()
    """Files that are not as they came, where it was verified."""
    files: int = 0
    """How many were verified."""
    error: AvatarError | None = None


class ModelUpkeep:
    """`states` is what was done with each model since the program began. Methods may be called from
    any thread and return at once; `changed` is called from another."""

    def __init__(
        self, paths: AppPaths, store: Store, registry: Registry, changed: Callable[[], None]
    ) -> None:
        self._paths, self._store, self._registry = paths, store, registry
        self._changed = changed
        self.states: dict[str, Upkeep] = {}
        self.times_ended = 0
        """How often a task ended, done or not: what is on the disk may differ then."""
        self._orders: queue.SimpleQueue[tuple[str, Job[Any]]] = queue.SimpleQueue()
        self._thread = JobThread("model-upkeep", self._run)
        self._jobs: dict[str, Job[Any]] = {}
        """The newest of each model."""

    def verify(self, model: Model) -> None:
        """Hash every file and hold it against what is on record."""
        work = partial(self._verify, model)
        self._order(model.id, Upkeep(UpkeepTask.VERIFY), Job(f"Verifying {model.title}", work))

    def measure(self, model: Model) -> None:
        """Try the engine with the model in a process of its own: memory and speed; takes seconds
        and all the processor can give."""
        work = partial(self._measure, model)
        self._order(model.id, Upkeep(UpkeepTask.MEASURE), Job(f"Measuring {model.title}", work))

    def install(self, model: Model, extra: Extra) -> None:
        """Install the packages that the model's engine needs, of an extra; takes minutes."""
        work = partial(self._install, extra)
        self._order(model.id, Upkeep(UpkeepTask.INSTALL), Job(f"Installing {extra.name}", work))

    def stop(self, model: str) -> None:
        """Cancel what is under way or waits for a model."""
        with self._thread.lock:
            job = self._jobs.get(model)
        if job is not None:
            job.cancel()

    def measure_machine(self) -> None:
        """How fast the processor computes; takes ten seconds of it."""
        self._order(MACHINE, Upkeep(UpkeepTask.MEASURE), Job("Measuring", self._measure_machine))

    def move(self, target: Path, then: Callable[[], None]) -> None:
        """Move all models to another folder; `then` is called when that is over, moved or not."""
        work = partial(self._move, target, then)
        self.forget(FOLDER)
        self._order(FOLDER, Upkeep(UpkeepTask.MOVE), Job("Moving the models", work))

    def forget(self, model: str) -> None:
        """The outcome holds no more."""
        self.states.pop(model, None)

    def close(self) -> None:
        """Stop what is under way; a measurement that has begun is waited for."""
        self._thread.close()

    def _order(self, id: str, state: Upkeep, job: Job[Any]) -> None:
        with self._thread.lock:
            present = self.states.get(id)
            if self._thread.is_closed or (present is not None and not present.done):
                return
            self.states[id], self._jobs[id] = state, job
            self._orders.put((id, job))
            self._thread.wake()
        self._changed()

    def _run(self) -> None:
        while (order := self._next()) is not None:
            id, job = order
            before = self.states.get(id, Upkeep(UpkeepTask.VERIFY))
            job.when_progressed(partial(self._progressed, id))
            try:
                outcome: Upkeep | None = job.run()
            except AvatarError as error:
                outcome = replace(before, done=True, error=error)
            except JobCancelled:
                outcome = None
            except (OSError, RuntimeError, ValueError) as error:  # or it would never be over
                log.exception("%s failed", job.title)
                unexpected = EngineFailed(f"An unexpected error occurred: {error}.", LOGGED)
                outcome = replace(before, done=True, error=unexpected)
            if outcome is None:
                self.states.pop(id, None)
            else:
                self.states[id] = outcome
            self.times_ended += 1
            self._changed()

    def _next(self) -> tuple[str, Job[Any]] | None:
        with self._thread.lock:
            if self._thread.is_closed or self._orders.empty():
                self._thread.rest()
                return None
            id, self._thread.job = self._orders.get()
            return id, self._thread.job

    def _progressed(self, id: str, now: Progress) -> None:
        before = self.states.get(id)
        if before is not None and now.fraction - before.fraction >= 0.01:
            self.states[id] = replace(before, fraction=now.fraction, text=now.text)
            self._changed()

    def _verify(self, model: Model, job: Job[Any]) -> Upkeep:
        checked = verify(job, model, self._store)
        flaws = tuple(each for each in checked if each.flaw)
        return Upkeep(UpkeepTask.VERIFY, done=True, fraction=1.0, flaws=flaws, files=len(checked))

    def _measure(self, model: Model, _job: Job[Any]) -> Upkeep:
        from avatar_app.performance.profiling import profile_engine  # it brings processes

        manifest = self._registry.find(model.kind, model.engine)
        options = manifest.checked({"model": model.id})
        catalog = user_catalog(self._store.root)
        size = model_mb(model.id, manifest, self._store, catalog)
        wanted = {"model": model.id}
        trial = profile_engine(self._registry, manifest, wanted, size, Cards(nvml()))
        with closing(Measurements.of(self._paths)) as measurements:
            measurements.keep_trial(model.kind, model.engine, choice_key(options), trial)
        return Upkeep(UpkeepTask.MEASURE, done=True, fraction=1.0)

    def _install(self, extra: Extra, job: Job[Any]) -> Upkeep:
        from avatar_app.system.extras.installation import install_extra  # seldom needed

        install_extra(job, extra, self._paths.extras)
        return Upkeep(UpkeepTask.INSTALL, done=True, fraction=1.0)

    def _move(self, target: Path, then: Callable[[], None], job: Job[Any]) -> Upkeep:
        from avatar_app.models.relocation import move_models  # seldom needed

        try:
            move_models(job, self._store, target)
        finally:
            then()
        return Upkeep(UpkeepTask.MOVE, done=True, fraction=1.0)

    def _measure_machine(self, _job: Job[Any]) -> Upkeep:
        with closing(Measurements.of(self._paths)) as measurements:
            look_at_hardware(measurements, Cards(nvml()), refresh=True)
        return Upkeep(UpkeepTask.MEASURE, done=True, fraction=1.0)


def discard_record(model: Model, store: Store) -> None:
    """Have the next download look at every file again, and fetch those that are not right."""
    record = store.folder(model) / RECORD
    if not record.exists():
        raise InputInvalid(f"{model.title} is not installed.", "Download it.")
    record.unlink()
