"""Notifies the user what an engine waits for, once that takes unusually long."""

from __future__ import annotations

from collections.abc import Callable

from avatar_app.core.events import Event, Noticed
from avatar_app.core.turn import Turn

EXPLAINED_AFTER = 3.0
"""Seconds."""


class WaitNotice:
    """Watches turns; reports each wait once."""

    def __init__(self, post: Callable[[Event], None], clock: Callable[[], float]) -> None:
        self._post, self._clock = post, clock
        self._waits: tuple[int, str] | None = None
        self._since = 0.0
        self._notified = False

    def watch(self, turn: Turn | None) -> None:
        """Check a turn: `turn` is the one the user waits for, None for nothing. Called for every
        block."""
        waits = (turn.id, turn.waits_for) if turn is not None and turn.waits_for else None
        if waits != self._waits:
            self._waits, self._since, self._notified = waits, self._clock(), False
        if waits is None or self._notified or self._clock() - self._since < EXPLAINED_AFTER:
            return
        self._notified = True
        self._post(Noticed(waits[1], "The answer comes when it is ready."))
