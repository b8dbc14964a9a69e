"""Records each turn from a thread of its own, so that a slow disk delays nothing."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from avatar_app.core.events import ConversationBegan, Event, TurnEnded, TurnWithdrawn

log = logging.getLogger(__name__)


class TurnStore(Protocol):
    """Where turns are kept."""

    def add(self, turn: TurnEnded, at: datetime) -> None:
        """Keep a turn that ended at `at`."""


class HistoryRecorder(TurnStore, Protocol):
    """Where conversations are kept."""

    def withdraw(self, turn_id: int) -> None:
        """Keep a turn no more."""

    def begin(self, conversation: int | None) -> None:
        """Turns that follow belong to another conversation; None: to a new one."""


class Recorder:
    """A listener to events; `close` waits until everything is written. A turn that only repeats
    what was said before is not kept. What cannot be kept is logged, and what follows is."""

    def __init__(self, store: TurnStore) -> None:
        self._store = store
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        if isinstance(event, TurnEnded) and not event.repeated:
            self.put(partial(self._store.add, event, datetime.now(UTC)))

    def put(self, work: Callable[[], None]) -> None:
        """Do `work` after all that was put before."""
        self._work.put(work)

    def settle(self) -> None:
        """Return when all that was said so far is written."""
        done = threading.Event()
        self._work.put(done.set)
        while not done.wait(0.1) and self._thread.is_alive():
            log.debug("waiting for the disk")

    def close(self) -> None:
        self._work.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception:  # a seam: else every later turn would be lost without a word
                log.exception("a turn could not be kept")


class ConversationRecorder:
    """A listener to events that keeps turns in their conversations, in the order of what happened;
    `close` waits until everything is written."""

    def __init__(self, store: HistoryRecorder) -> None:
        self._store = store
        self._recorder = Recorder(store)
        self.settle = self._recorder.settle
        self.close = self._recorder.close

    def __call__(self, event: Event) -> None:
        match event:
            case TurnWithdrawn(turn_id):
                self._recorder.put(partial(self._store.withdraw, turn_id))
            case ConversationBegan(conversation):
                self._recorder.put(partial(self._store.begin, conversation))
            case _:
                self._recorder(event)
