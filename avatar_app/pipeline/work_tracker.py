"""Tracks pending work, so that a conversation in simulated time knows when to continue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class WorkTracker:
    """Each stage that works or was woken holds a token; when none is left, everything has
    settled."""

    def __init__(self) -> None:
        self._tokens = 0
        self._settled = threading.Condition()
        self._staff: set[int] = set()

    def begin(self) -> None:
        with self._settled:
            self._tokens += 1

    def end(self) -> None:
        with self._settled:
            self._tokens -= 1
            if self._tokens <= 0:
                self._settled.notify_all()

    @contextmanager
    def employed(self) -> Iterator[None]:
        """Register the calling thread as a stage: it holds a token except while it waits."""
        self._staff.add(threading.get_ident())
        self.begin()
        try:
            yield
        finally:
            self.end()
            self._staff.discard(threading.get_ident())

    @property
    def employs_caller(self) -> bool:
        return threading.get_ident() in self._staff

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Mark a stage as waiting for something outside the conversation."""
        self.end()
        try:
            yield
        finally:
            self.begin()

    def settle(self, seconds: float) -> bool:
        """Wait until no work is pending, `seconds` at most; returns False if some still is."""
        with self._settled:
            return self._settled.wait_for(lambda: self._tokens <= 0, seconds)


class TrackedCondition:
    """A condition variable for stages. A stage gives its token back while it waits; the notifier
    hands a token to each stage whose condition holds, before that stage wakes, so that pending work
    is counted at every moment."""

    def __init__(self, activity: WorkTracker) -> None:
        self._activity = activity
        self._condition = threading.Condition()
        self._parked: dict[int, Callable[[], object]] = {}

    def __enter__(self) -> None:
        self._condition.acquire()

    def __exit__(self, *_: object) -> None:
        self._condition.release()

    def wait_for(self, predicate: Callable[[], object]) -> None:
        """Wait, holding the lock, until `predicate` holds."""
        caller = threading.get_ident()
        counted = self._activity.employs_caller
        while not predicate():
            if counted and caller not in self._parked:
                self._parked[caller] = predicate
                self._activity.end()
            self._condition.wait()
        if self._parked.pop(caller, None):
            self._activity.begin()

    def ring(self) -> None:
        """Wake those whose condition holds; the caller holds the lock."""
        for caller, predicate in list(self._parked.items()):
            if predicate():
                del self._parked[caller]
                self._activity.begin()
        self._condition.notify_all()
