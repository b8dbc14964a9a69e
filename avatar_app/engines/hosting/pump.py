"""Forwards a live input to the child process as it arrives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from avatar_app.core.turn import TurnCancelled
from avatar_app.engines.hosting.messages import Cancel, InputEnded, Item
from avatar_app.engines.hosting.process import Inbox

ALL_SENT = object()
"""Is put into the inbox of a call once its input is complete."""


class Pump(threading.Thread):
    """Forwards a live input to the child, and notifies `inbox` when all of it was sent."""

    def __init__(
        self, send: Callable[[Any], None], id: int, items: Iterator[Any], inbox: Inbox
    ) -> None:
        super().__init__(name="pump", daemon=True)
        self._send, self._id, self._items, self._inbox = send, id, items, inbox
        self.busy = True

    def run(self) -> None:
        try:
            for item in self._items:
                self._send(Item(self._id, item))
            self._send(InputEnded(self._id))
        except TurnCancelled:
            self._send(Cancel(self._id))
        finally:
            self.busy = False
            self._inbox.put(ALL_SENT)
