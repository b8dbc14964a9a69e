"""Passes a conversation's events to the user unless the supervisor tells of them itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from avatar_app.core.events import Event


class EventConsumer(Protocol):
    """What hears events before the user does."""

    def hear(self, event: Event) -> bool:
        """True if it tells of this event itself."""


class EventInterceptor:
    """Posts events unless the supervisor takes them.

    The supervisor needs a conversation, and a conversation somebody who listens: what happens
    before there is a supervisor waits for it. Any thread may call it.
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
        if not supervisor.hear(event):
            self._post(event)

    def attach(self, supervisor: EventConsumer) -> None:
        """From now on the supervisor hears all, and first what has waited, in its order."""
        while True:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                if not waiting:
                    self._supervisor = supervisor
                    return
            for event in waiting:
                if not supervisor.hear(event):
                    self._post(event)
