"""Follows whether this is a moment at which the avatar may speak first."""

from __future__ import annotations

from datetime import datetime, timedelta

from avatar_app.core.events import (
    ConsentAsked,
    ConsentSettled,
    Event,
    LookingChanged,
    Muted,
    Resting,
    State,
    StateChanged,
    TurnEnded,
)

THERE = timedelta(minutes=2)
"""After a sign of the user, in which they are still there."""


class SpeakingMoment:
    """What the events say of the conversation and of the user."""

    def __init__(self) -> None:
        self.is_idle = True
        self._muted = self._resting = self._visible = self._looking = False
        self._asked = 0
        self._seen: datetime | None = None

    def follow(self, event: Event, now: datetime) -> None:
        """Take the next event."""
        match event:
            case StateChanged(state):
                self.is_idle = state is State.IDLE
            case Muted(muted):
                self._muted = muted
            case Resting(phrase):
                self._resting = bool(phrase)
            case LookingChanged(looking=looking):
                self._looking = looking
            case ConsentAsked(request_id):
                self._asked = request_id
            case ConsentSettled(request_id) if request_id == self._asked:
                self._asked = 0
            case TurnEnded(user_text=text) if text:
                self._seen = now

    def attend(self, now: datetime, *, visible: bool) -> None:
        """The user shows at the window, or it was hidden."""
        self._visible = visible
        if visible:
            self._seen = now

    def is_free(self, now: datetime) -> bool:
        """Whether the user is there, can answer, and nothing else goes on."""
        busy = self._muted or self._resting or self._looking or bool(self._asked)
        there = self._seen is not None and abs(now - self._seen) <= THERE
        return self.is_idle and self._visible and there and not busy
