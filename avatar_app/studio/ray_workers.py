"""Several workers whose engines are actors of a Ray cluster, on this machine or on others."""

from __future__ import annotations

import threading
import time

from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.ray.cluster import joined_cluster, leave_cluster
from avatar_app.runtime.ray.hosted import create_engine_in_ray
from avatar_app.settings.schema import Settings
from avatar_app.storage.clip_queue import ClipQueue
from avatar_app.studio.pipeline import Pipeline
from avatar_app.studio.worker import ClipWorker
from avatar_app.studio.workers import QueueWorkers
from avatar_app.system.paths import AppPaths

LOCAL = "local"
"""The address of a cluster of this machine alone, which is started for it."""


class RayClipWorkers(QueueWorkers):
    """Threads that work through the queue, like `ClipWorkers`. Each has engines of its own; the
    actor of one that dies is started again, and its clip goes on with the step that was under way.

    Steps read and write files: the machines of a cluster need the same folders of the program.
    """

    def __init__(
        self, settings: Settings, paths: AppPaths, count: int, address: str = LOCAL
    ) -> None:
        """Raises ModelMissing where Ray is not installed, ConfigInvalid where no cluster
        answers."""
        joined_cluster("" if address == LOCAL else address)
        super().__init__(paths)
        self._settings, self._count = settings, count
        self._workers: list[ClipWorker] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._threads = [each for each in self._threads if each.is_alive()]
        while len(self._threads) < self._count:
            thread = threading.Thread(target=self._work, name="studio worker", daemon=True)
            thread.start()
            self._threads.append(thread)

    def join(self, seconds: float) -> None:
        for thread in self._threads:
            thread.join(seconds)

    def stop(self) -> None:
        """Let the workers give back their clips, and leave the cluster."""
        for worker in self._workers:
            worker.stop()
        for thread in self._threads:
            thread.join()
        leave_cluster()

    def _work(self) -> None:
        queue = ClipQueue.of(self._paths, time.time)
        broker = MemoryBroker()  # the cluster knows what its machines have
        try:
            with Pipeline(
                self._settings, self._paths, broker=broker, create=create_engine_in_ray
            ) as pipeline:
                worker = ClipWorker(queue, pipeline)
                self._workers.append(worker)
                worker.work()
                self._workers.remove(worker)
        finally:
            queue.close()
