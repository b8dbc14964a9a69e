"""Occupancy: who works with which engine, so that none is closed in the middle of its work."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Engine = TypeVar("Engine")


class EngineUsage:
    """Counts the calls and generators of each engine that are open."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: Counter[int] = Counter()

    @contextmanager
    def of(self, pick: Callable[[], Engine]) -> Iterator[Engine]:
        """Work with the engine that `pick` tells. It is picked and counted in one step: once an
        engine cannot be picked any more and is free, nobody will work with it again."""
        with self._changed:
            engine = pick()
            self._open[id(engine)] += 1
        try:
            yield engine
        finally:
            with self._changed:
                self._open[id(engine)] -= 1
                self._open += Counter()  # forget those at zero
                self._changed.notify_all()

    def wait_free(self, engine: Any, seconds: float) -> bool:
        """Wait until nobody works with `engine`; False if somebody still does after `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open[id(engine)], seconds)
