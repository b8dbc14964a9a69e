"""Writes an episode while nobody speaks: what the user has said since the conversation began."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import (
    ConversationBegan,
    Event,
    State,
    StateChanged,
    TurnEnded,
    TurnWithdrawn,
)
from avatar_app.storage.episodes import EpisodeTable, summary_of

QUIET_SECONDS = 30.0
"""Without speech, after which a summary is written: never in a turn."""
MOST_SENTENCES = 200


class EpisodeWriter:
    """Receives events, in any thread. The summary is that of the whole conversation so far."""

    def __init__(
        self, episodes: EpisodeTable, clock: Callable[[], datetime], quiet: float = QUIET_SECONDS
    ) -> None:
        self._episodes, self._clock, self._quiet = episodes, clock, quiet
        self._lock = threading.Lock()
        self._said: list[tuple[int, str]] = []
        """Numbers of turns, and the user's words."""
        self._began: datetime | None = None
        self._ended: datetime | None = None
        self._timer: threading.Timer | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case TurnEnded(user_text=text) if text and not event.repeated:
                with self._lock:
                    self._ended = self._clock()
                    self._began = self._began or self._ended
                    self._said = [*self._said, (event.turn_id, text)][-MOST_SENTENCES:]
            case TurnWithdrawn(turn_id):
                with self._lock:
                    self._said = [said for said in self._said if said[0] != turn_id]
            case StateChanged(State.IDLE):
                self._wait()
            case StateChanged():
                self._stop_waiting()
            case ConversationBegan():
                self.write()
                self.forget()

    def write(self) -> None:
        """Write the episode now; a file that cannot be written is reported by what is said next."""
        with self._lock:
            began, ended = self._began, self._ended
            summary = summary_of([text for _, text in self._said])
        if began is None or ended is None:
            return
        try:
            self._episodes.keep(began, ended, summary)
        except InputInvalid:
            return

    def forget(self) -> None:
        """Begin again: nothing was said."""
        with self._lock:
            self._said, self._began, self._ended = [], None, None

    def close(self) -> None:
        """Write what was not written yet."""
        self._stop_waiting()
        self.write()

    def _wait(self) -> None:
        self._stop_waiting()
        with self._lock:
            self._timer = threading.Timer(self._quiet, self.write)
            self._timer.name, self._timer.daemon = "episode", True
            self._timer.start()

    def _stop_waiting(self) -> None:
        with self._lock:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
