"""Replicas of one engine, loaded as they are needed and lent fairly to many clients."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from avatar_app.core.errors import AvatarError, EngineDied, EngineFailed, OutOfMemory
from avatar_app.core.turn import Turn
from avatar_app.runtime.sharing.fair_queue import FairQueue

log = logging.getLogger(__name__)


class ReplicaPool:
    """Lends engines that are all made alike, `most` at a time. One that does not fit into memory
    is done without, as long as another one is there; one that died is replaced."""

    def __init__(
        self,
        title: str,
        make: Callable[[], Any],
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.title = title
        self._make, self._clock = make, clock
        self._used: dict[int, float] = {}
        self._queue = FairQueue(most)
        self._engines: dict[int, Any] = {}
        self._options: dict[int, dict[str, Any]] = {}
        self._loading = threading.Lock()
        self._most = most
        self._preparing: list[threading.Thread] = []
        self._closed = False

    @property
    def loaded(self) -> int:
        """Return how many replicas are loaded."""
        return len(self._engines)

    @property
    def waiting(self) -> int:
        """Return how many requests wait for one."""
        return self._queue.waiting

    @contextmanager
    def engine(
        self, client: str, turn: Turn, options: Mapping[str, Any] | None = None
    ) -> Iterator[Any]:
        """Lend an engine that has these options. Raises TurnCancelled if the turn is cancelled
        while it waits, and what making or configuring the engine raises."""
        place = self._placed(client, turn)
        try:
            engine = self._engines[place]
            self._configure(place, engine, dict(options or {}))
            yield engine
        except EngineDied:
            self._drop(place)
            raise
        finally:
            self._used[place] = self._clock()
            self._queue.release(place)

    def load(self) -> None:
        """Load the first replica now, so that the first request need not wait for it."""
        with self.engine("", Turn(0)):
            return

    def prepare(self, replicas: int) -> None:
        """Load so many replicas, or `most`, in the background, before somebody waits for them."""
        loading = threading.Thread(
            target=self._prepare,
            args=(min(replicas, self._most),),
            name=f"prepare {self.title}",
            daemon=True,
        )
        self._preparing = [each for each in self._preparing if each.is_alive()] + [loading]
        loading.start()

    def trim(self, keep: int, unused_for: float) -> None:
        """Close replicas that nobody has used for so many seconds, until `keep` are left."""
        for place in sorted(self._engines, reverse=True):
            since = self._clock() - self._used.setdefault(place, self._clock())
            if len(self._engines) <= max(keep, 1):
                return
            if since >= unused_for and self._queue.take(place):
                try:
                    self._free(place)
                finally:
                    self._queue.release(place)

    def close(self) -> None:
        """Close all replicas; who waits or comes later gets EngineFailed."""
        with self._loading:
            self._closed = True
            engines = list(self._engines.values())
            self._engines.clear()
        for engine in engines:
            engine.close()
        for loading in self._preparing:
            loading.join()

    def _prepare(self, replicas: int) -> None:
        try:
            for place in range(replicas):
                self._load(place)
        except AvatarError as error:  # who needs it learns why, or does with fewer
            log.info("%s is not prepared: %s", self.title, error)

    def _placed(self, client: str, turn: Turn) -> int:
        while True:
            place = self._queue.acquire(client, turn)
            try:
                self._load(place)
                return place
            except OutOfMemory:
                if not self._queue.retire():
                    self._queue.release(place)
                    raise
            except BaseException:
                self._queue.release(place)
                raise

    def _load(self, place: int) -> None:
        if place in self._engines:  # also while another one is loading
            return
        with self._loading:
            if self._closed:
                raise EngineFailed(f"{self.title} is closed.", "Start the server again.")
            if place not in self._engines:
                self._engines[place] = self._make()

    def _drop(self, place: int) -> None:
        """Forget a replica that died; the next who needs it gets another one."""
        if self._free(place):
            log.info("%s: a replica died", self.title)
            if self._engines:  # the others serve meanwhile
                self.prepare(place + 1)

    def _free(self, place: int) -> bool:
        """Close a replica; returns whether there was one."""
        with self._loading:
            engine = self._engines.pop(place, None)
            self._options.pop(place, None)
            self._used.pop(place, None)
        if engine is None:
            return False
        self._queue.vacate(place)
        engine.close()
        return True

    def _configure(self, place: int, engine: Any, options: dict[str, Any]) -> None:
        if options and self._options.get(place) != options:
            self._options.pop(place, None)
            engine.configure(**options)
            self._options[place] = options
