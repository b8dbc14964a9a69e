"""The way of a conversation's events to the user, past the climber."""

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
    """Posts events unless the climber takes them.

    The climber needs a conversation, and a conversation somebody who listens: what happens before
    there is a climber waits for it. Any thread may call it.
    """

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._waiting: list[Event] = []
        self._climber: EventConsumer | None = None

    def __call__(self, event: Event) -> None:
        with self._lock:
            climber = self._climber
            if climber is None:
                self._waiting.append(event)
                return
        if not climber.hear(event):
            self._post(event)

    def attach(self, climber: EventConsumer) -> None:
        """From now on the climber hears all, and first what has waited, in its order."""
        while True:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                if not waiting:
                    self._climber = climber
                    return
            for event in waiting:
                if not climber.hear(event):
                    self._post(event)
