"""Which engines are being loaded, for the rows of the settings that choose them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from avatar_app.core.listeners import Listeners
from avatar_app.core.manifest import Kind
from avatar_app.runtime.kinds import KINDS


class EngineLoads:
    """Thread-safe. Listeners are called in the thread that loads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loads = Counter[Kind]()
        self._listeners = Listeners[[]]()

    @property
    def settings(self) -> frozenset[str]:
        """Return the dotted names of the settings whose engines are being loaded."""
        with self._lock:
            return frozenset(f"{KINDS[kind].setting}.engine" for kind in self._loads)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each change; returns what ends that."""
        return self._listeners.subscribe(listener)

    def begin(self, kind: Kind) -> None:
        """An engine is being loaded."""
        with self._lock:
            self._loads[kind] += 1
        self._listeners()

    def end(self, kind: Kind) -> None:
        """It is in use, or could not be loaded."""
        with self._lock:
            self._loads[kind] -= 1
            self._loads = +self._loads
        self._listeners()

    @contextmanager
    def loading(self, kind: Kind) -> Iterator[None]:
        """An engine is being loaded meanwhile."""
        self.begin(kind)
        try:
            yield
        finally:
            self.end(kind)
