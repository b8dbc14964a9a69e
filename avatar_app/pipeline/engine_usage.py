"""Counts the users of each engine, so that none is closed while in use."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Engine = TypeVar("Engine")


class EngineUsage:
    """Counts the open calls and generators of each engine."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: Counter[int] = Counter()

    @contextmanager
    def of(self, pick: Callable[[], Engine]) -> Iterator[Engine]:
        """Use the engine that `pick` returns. It is picked and counted in one step: once an engine
        cannot be picked any more and is idle, nothing will use it again."""
        with self._changed:
            engine = pick()
            self._open[id(engine)] += 1
        try:
            yield engine
        finally:
            with self._changed:
                self._open[id(engine)] -= 1
                self._open += Counter()  # drop counts of zero
                self._changed.notify_all()

    def wait_free(self, engine: Any, seconds: float) -> bool:
        """Wait until nothing uses `engine`; returns False if it is still in use after `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open[id(engine)], seconds)
