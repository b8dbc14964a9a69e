"""Several workers, each a process of its own."""

from __future__ import annotations

import multiprocessing
import time
from abc import ABC, abstractmethod
from multiprocessing.process import BaseProcess
from typing import Self

from avatar_app.settings.schema import Settings
from avatar_app.storage.clip_queue import ClipQueue, ClipState
from avatar_app.studio.worker import is_alive, run_worker
from avatar_app.system.network_guard import publish_access
from avatar_app.system.paths import AppPaths

MOST_WORKERS = 64
_END_PATIENCE = 10.0
"""Seconds that a worker may take to give its clip back."""
_LOOK = 0.2
"""Seconds between two looks at the queue."""
_NICENESS = 5
"""Clips wait for nobody: the conversation goes first."""


class QueueWorkers(ABC):
    """Workers of the queue. A context manager: at its end they end, too, and give back what they
    were doing."""

    def __init__(self, paths: AppPaths) -> None:
        self._paths = paths

    @abstractmethod
    def start(self) -> None:
        """Start as many workers as are missing."""

    @abstractmethod
    def stop(self) -> None:
        """Tell the workers to end, and wait for them."""

    @abstractmethod
    def join(self, seconds: float) -> None:
        """Wait so long for each worker to end."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all clips are made or failed; workers that die are replaced. Returns whether
        none is left."""
        until = None if timeout is None else time.monotonic() + timeout
        queue = ClipQueue.of(self._paths, time.time)
        try:
            while queue.clips((ClipState.WAITING, ClipState.RUNNING)):
                if until is not None and time.monotonic() >= until:
                    return False
                queue.recover(is_alive)
                self.start()
                self.join(_LOOK)
            return True
        finally:
            queue.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class ClipWorkers(QueueWorkers):
    """The processes that work through the queue.

    Windows-like spawning imports the program's main module: a script that uses this needs
    `if __name__ == "__main__":`.
    """

    def __init__(self, settings: Settings, paths: AppPaths, count: int) -> None:
        super().__init__(paths)
        self._settings, self._count = settings, count
        self._processes: list[BaseProcess] = []

    @property
    def pids(self) -> tuple[int, ...]:
        """Numbers of the processes that are running."""
        return tuple(each.pid for each in self._processes if each.is_alive() and each.pid)

    def start(self) -> None:
        publish_access()
        self._processes = [each for each in self._processes if each.is_alive()]
        context = multiprocessing.get_context("spawn")
        while len(self._processes) < self._count:
            process = context.Process(
                target=run_worker,
                args=(self._settings, self._paths, _NICENESS),
                name="studio worker",
            )
            process.start()
            self._processes.append(process)

    def join(self, seconds: float) -> None:
        for process in self._processes:
            process.join(seconds)

    def stop(self) -> None:
        for process in self._processes:
            if process.is_alive():
                process.terminate()
        for process in self._processes:
            process.join(_END_PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
        self._processes = []
