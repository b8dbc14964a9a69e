"""Lets work beside the conversation give way while somebody speaks, or an answer is made."""

from __future__ import annotations

import threading

from avatar_app.core.events import Event, State, StateChanged
from avatar_app.core.turn import Turn

LONGEST_PAUSE = 30.0
"""Seconds: a radio that plays does not stop the work for ever."""
_LOOK_EVERY = 0.1


class FloorGate:
    """Receives the events of the conversation, in any thread."""

    def __init__(self) -> None:
        self._free = threading.Event()
        self._free.set()

    def __call__(self, event: Event) -> None:
        if isinstance(event, StateChanged):
            if event.state is State.IDLE:
                self._free.set()
            else:
                self._free.clear()

    def give_way(self, turn: Turn) -> None:
        """Block while the conversation needs the machine; ends with `turn`."""
        for _ in range(int(LONGEST_PAUSE / _LOOK_EVERY)):
            if turn.cancelled or self._free.wait(_LOOK_EVERY):
                return
