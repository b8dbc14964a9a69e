"""A turn: one exchange. Every item carries its turn, so that stale items are recognized."""

from __future__ import annotations

import threading
from collections.abc import Callable

from avatar_app.core.listeners import call_each


class TurnCancelled(Exception):
    """Raised by `Turn.check` and by a cancelled turn's input streams; ends an engine without an
    error.
    """


def _no_clock() -> float:
    return 0.0


class Turn:
    """One exchange between the user and the avatar.

    `cancel` and `commit` may be called from any thread, any number of times. Engines call `check`
    between pieces of work, or look at `cancelled`. `mark` records when something first happened, in
    seconds of the conversation's clock. A turn may be prepared before it is certain that the user
    has ended; nothing is played, and no tool is called, before it is committed.
    """

    def __init__(
        self,
        id: int,
        user_text: str = "",
        clock: Callable[[], float] = _no_clock,
        language: str = "",
    ) -> None:
        self.id = id
        self.user_text = user_text
        self.language = language
        """ISO 639-1: what the user spoke; empty where it is unknown."""
        self.marks: dict[str, float] = {}
        self.heard = 0.0
        """Seconds of its speech that were played, where playback reports it: for engines that keep
        pace.
        """
        self.stirred_at = clock()
        """Seconds of the clock at which an engine last reported that it works for the turn."""
        self.waits_for = ""
        """Why the turn is waiting, as a sentence for the user; empty while work goes on."""
        self.doing = ""
        """The tool that is being called for it; empty while none is."""
        self.aside = 0.0
        """Seconds at the beginning of its speech that fill the wait and are not of the answer."""
        self._clock = clock
        self._cancelled = threading.Event()
        self._settled = threading.Event()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """End it; a listener that raises is logged."""
        with self._lock:
            listeners, self._listeners = self._listeners, []
            self._cancelled.set()
        self._settled.set()
        call_each(listeners)

    def when_cancelled(self, listener: Callable[[], None]) -> None:
        """Call `listener` once, from the cancelling thread; at once if the turn is already
        cancelled.
        """
        with self._lock:
            if not self.cancelled:
                self._listeners.append(listener)
                return
        listener()

    def check(self) -> None:
        """Raise TurnCancelled if the turn was cancelled; else record that work goes on, so an
        engine that computes for long without an output calls it now and then.
        """
        if self.cancelled:
            raise TurnCancelled(self.id)
        self.stir()

    def stir(self) -> None:
        """Record that work for the turn goes on."""
        self.stirred_at = self._clock()

    def explain_wait(self, sentence: str) -> None:
        """Set the reason for waiting (“The model is loading.”); empty ends it."""
        self.waits_for = sentence

    def commit(self) -> None:
        """The user has ended: what was prepared may be played and executed."""
        self._settled.set()

    def wait_committed(self) -> None:
        """Block until the turn is committed; raises TurnCancelled if it is cancelled instead."""
        self._settled.wait()
        self.check()

    def mark(self, name: str, at: float | None = None) -> None:
        """Record the first time `name` happened: now, or at `at` seconds of the clock."""
        self.marks.setdefault(name, self._clock() if at is None else at)

    def __repr__(self) -> str:
        return f"Turn({self.id}{', cancelled' if self.cancelled else ''})"
