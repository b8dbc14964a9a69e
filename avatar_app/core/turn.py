"""A turn is one exchange; it travels with every item, so that stale items are known by inspection."""

from __future__ import annotations

import threading
from collections.abc import Callable


class TurnCancelled(Exception):
    """Raised by `Turn.check` and by input streams of a turn that was cancelled; ends an engine quietly."""


def _no_clock() -> float:
    return 0.0


class Turn:
    """One exchange between the user and the avatar.

    `cancel` may be called from any thread, any number of times. Engines call `check` between
    pieces of work, or look at `cancelled`. `mark` records when something first happened, in
    seconds of the conversation's clock.
    """

    def __init__(
        self, id: int, user_text: str = "", clock: Callable[[], float] = _no_clock
    ) -> None:
        self.id = id
        self.user_text = user_text
        self.marks: dict[str, float] = {}
        self._clock = clock
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        self._cancelled.set()

    def check(self) -> None:
        """Raise TurnCancelled if the turn was cancelled."""
        if self.cancelled:
            raise TurnCancelled(self.id)

    def mark(self, name: str, at: float | None = None) -> None:
        """Record the first time `name` happened: now, or at `at` seconds of the clock."""
        self.marks.setdefault(name, self._clock() if at is None else at)

    def __repr__(self) -> str:
        return f"Turn({self.id}{', cancelled' if self.cancelled else ''})"
