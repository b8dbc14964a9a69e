"""Records the events of a session or conversation from any thread, and waits for expected ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from avatar_app.core.events import Event, TurnEnded

SOON = 120.0
"""Seconds after which an expected event is missing."""


class EventRecorder:
    """A listener to events."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def of(self, kind: type) -> list[Any]:
        with self._changed:
            return [event for event in self.events if isinstance(event, kind)]

    def wait(self, kind: type, holds: Callable[[Any], object] = lambda _event: True) -> Any:
        """The first event of a kind for which `holds`, as soon as there is one."""

        def found() -> Any:
            return next((e for e in self.events if isinstance(e, kind) and holds(e)), None)

        with self._changed:
            assert self._changed.wait_for(found, SOON), self.events[-8:]
            return found()

    def wait_for_end(self, user_text: str) -> TurnEnded:
        ended: TurnEnded = self.wait(TurnEnded, lambda turn: turn.user_text == user_text)
        return ended
