"""A worker: takes clips from the queue and makes them; killed at any moment it costs one step."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from avatar_app.core.errors import AvatarError, ConfigInvalid, InputInvalid, ModelMissing
from avatar_app.core.jobs import Job, JobCancelled, Progress
from avatar_app.settings.schema import Settings
from avatar_app.storage.clip_queue import ClipQueue, QueuedClip
from avatar_app.studio.pipeline import Pipeline
from avatar_app.studio.recipe import parse_recipe
from avatar_app.system.paths import AppPaths

TELL_EVERY = 0.3
"""Seconds between two entries about how far a clip is."""
LOOK_EVERY = 2.0
"""Seconds between two looks into an empty queue, at most."""
_HOPELESS = (ConfigInvalid, InputInvalid, ModelMissing)
"""Errors that another attempt does not change."""

log = logging.getLogger(__name__)


def process_name(pid: int | None = None) -> str:
    """Return a name of a process that no later one with the same number has; empty where there is
    none."""
    try:
        process = psutil.Process(pid)
        return f"{process.pid}:{process.create_time():.2f}"
    except psutil.Error:
        return ""


def is_alive(owner: str) -> bool:
    """Whether the process of a worker still runs."""
    pid, _, _ = owner.partition(":")
    return pid.isdigit() and process_name(int(pid)) == owner


class ClipWorker:
    """Works through the queue in this process, until it is empty or `stop` is called."""

    def __init__(self, queue: ClipQueue, pipeline: Pipeline, name: str = "") -> None:
        self._queue, self._pipeline = queue, pipeline
        self._name = name or process_name()
        self._stopping = threading.Event()
        self._job: Job[Any] | None = None

    def stop(self) -> None:
        """Give back the clip under way, and end; its finished steps are kept."""
        self._stopping.set()
        if (job := self._job) is not None:
            job.cancel()

    def work(self) -> int:
        """Make clips until none is waiting or running; returns how many were made."""
        made = 0
        while not self._stopping.is_set():
            self._queue.recover(is_alive)
            clip = self._queue.take(self._name)
            if clip is not None:
                made += self._make(clip)
                continue
            due = self._queue.next_due()
            if due is None:
                return made
            self._stopping.wait(min(due, LOOK_EVERY))
        return made

    def _make(self, clip: QueuedClip) -> bool:
        begun = time.monotonic()
        job = Job[Any](clip.name, lambda _job: None)
        job.when_progressed(_Teller(self._queue, clip.number, self._name, job))
        self._job = job
        if self._stopping.is_set():
            job.cancel()
        try:
            self._pipeline.make(parse_recipe(dict(clip.recipe)), clip.name, clip.output, job)
        except JobCancelled:
            if self._stopping.is_set():
                self._queue.give_back(clip.number, self._name)
            else:
                self._queue.stopped(clip.number, self._name)
            return False
        except AvatarError as error:
            log.info("the clip %s failed: %s", clip.name, error)
            hopeless = isinstance(error, _HOPELESS)
            self._queue.fail(clip.number, self._name, str(error), hopeless=hopeless)
            return False
        finally:
            self._job = None
        self._queue.finish(clip.number, self._name, time.monotonic() - begun)
        return True


class _Teller:
    """Writes a job's progress into the queue, and stops the job where somebody asked for that."""

    def __init__(self, queue: ClipQueue, number: int, owner: str, job: Job[Any]) -> None:
        self._queue, self._number, self._owner, self._job = queue, number, owner, job
        self._told = float("-inf")

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._told < TELL_EVERY:
            return
        self._told = now
        if not self._queue.tell(self._number, self._owner, progress.text, progress.fraction):
            self._job.cancel()


def run_worker(settings: Settings, paths: AppPaths, niceness: int = 0) -> None:
    """Work through the queue of these folders: the main function of a worker's process."""
    if niceness and hasattr(os, "nice"):
        os.nice(niceness)
    queue = ClipQueue.of(paths, time.time)
    try:
        with Pipeline(settings, paths) as pipeline:
            worker = ClipWorker(queue, pipeline)
            _when_told_to_end(worker.stop)
            worker.work()
    finally:
        queue.close()


def _when_told_to_end(stop: Callable[[], None]) -> None:
    def end(_number: int, _frame: Any) -> None:
        stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
