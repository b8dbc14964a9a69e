"""Records each turn from a thread of its own, so that a slow disk delays nothing."""

from __future__ import annotations

import queue
import threading
from datetime import UTC, datetime
from typing import Protocol

from avatar_app.core.events import Event, TurnEnded


class HistoryRecorder(Protocol):
    """A store of turns."""

    def add(self, turn: TurnEnded, at: datetime) -> None:
        """Store a turn that ended at `at`."""


class Recorder:
    """Listens to events and stores turns; `close` waits until everything is written."""

    def __init__(self, keeper: HistoryRecorder) -> None:
        self._keeper = keeper
        self._turns: queue.SimpleQueue[tuple[TurnEnded, datetime] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        if isinstance(event, TurnEnded):
            self._turns.put((event, datetime.now(UTC)))

    def close(self) -> None:
        self._turns.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._turns.get()) is not None:
            self._keeper.add(*item)
