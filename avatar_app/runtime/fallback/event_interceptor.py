"""Passes a conversation's events on, unless the supervisor reports them itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from avatar_app.core.events import Event


class EventConsumer(Protocol):
    """Receives events before the user does."""

    def receive(self, event: Event) -> bool:
        """Return True if it reports this event itself."""


class EventInterceptor:
    """Posts events unless the supervisor consumes them.

    The supervisor needs a conversation, and a conversation a listener: events are queued until the
    supervisor exists. Thread-safe.
    """

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._waiting: list[Event] = []
        self._supervisor: EventConsumer | None = None

    def __call__(self, event: Event) -> None:
        with self._lock:
            supervisor = self._supervisor
            if supervisor is None:
                self._waiting.append(event)
                return
        if not supervisor.receive(event):
            self._post(event)

    def attach(self, supervisor: EventConsumer) -> None:
        """Pass all events to the supervisor from now on, starting with the queued ones, in
        order."""
        while True:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                if not waiting:
                    self._supervisor = supervisor
                    return
            for event in waiting:
                if not supervisor.receive(event):
                    self._post(event)
