"""Undo: takes back what the avatar did last, as long as the program runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from avatar_app.core.errors import InputInvalid
from avatar_app.core.turn import Turn

MOST = 20
"""Acts that are remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """An act that can be taken back."""

    what: str
    take_back: Callable[[], object]
    turn: Turn | None = None
    """The one whose words asked for it, if it goes with them."""


class UndoHistory:
    """What was done, the latest last. Thread-safe: work beside the conversation adds to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: list[Done] = []

    def add(self, what: str, take_back: Callable[[], object], turn: Turn | None = None) -> Done:
        """Remember an act. `what`: a noun with which the user recognizes it: “the note: milk”.
        `turn`: for an act that is taken back when the user's words in it are corrected."""
        done = Done(what, take_back, turn)
        with self._lock:
            self._done.append(done)
            del self._done[:-MOST]
        return done

    def drop(self, done: Done) -> None:
        """Forget an act, which was taken back elsewhere."""
        with self._lock:
            self._done = [each for each in self._done if each is not done]

    def undo(self) -> str:
        """Take the latest act back and return what it was."""
        with self._lock:
            if not self._done:
                raise InputInvalid("There is nothing that I could undo.")
            done = self._done.pop()
        done.take_back()
        return done.what

    def withdraw(self, turn_id: int) -> None:
        """Take back what goes with the words of a turn, the latest first: they were misheard."""
        with self._lock:
            found = [each for each in self._done if each.turn and each.turn.id == turn_id]
            self._done = [each for each in self._done if each not in found]
        for each in reversed(found):
            each.take_back()

    def clear(self) -> None:
        """Forget everything that could be undone."""
        with self._lock:
            self._done.clear()
