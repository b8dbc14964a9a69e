"""Protocols of the services that the tools use, passed in as one frozen value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from avatar_app.core.events import Control


@dataclass(frozen=True, slots=True)
class Note:
    """A note the user wanted written down."""

    id: int
    text: str
    written: datetime
    """With time zone."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact the user stated: the `attribute` of the `subject` is `value`."""

    subject: str
    """"user" or what the user calls it: "sister"."""
    attribute: str
    """"name", "favorite color", "lives in"."""
    value: str


@dataclass(frozen=True, slots=True)
class RememberedFact:
    """A fact as the memory keeps it."""

    id: int
    fact: Fact
    said: str = ""
    """The user's words from which it was learned; empty if they were not kept."""
    learned: datetime | None = None
    """With time zone; None if it was not kept."""


class Alarm(StrEnum):
    """Kind of appointment."""

    TIMER = "timer"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True)
class Appointment:
    """A timer or reminder that will fire."""

    id: int
    kind: Alarm
    text: str
    """A timer's name (may be empty), or what to be reminded of."""
    due: datetime
    """With time zone."""


class NoteStore(Protocol):
    """Stores notes and facts."""

    def add_note(self, text: str, written: datetime) -> Note: ...

    def notes(self) -> list[Note]:
        """Return all notes, the oldest first."""

    def delete_note(self, id: int) -> bool:
        """Delete a note; returns whether it existed."""

    def clear_notes(self) -> int:
        """Delete all notes; returns how many."""

    def learn(self, fact: Fact, said: str = "", learned: datetime | None = None) -> None:
        """Store a fact, replacing an earlier value of the same subject and attribute."""

    def facts(self, subject: str = "", attribute: str = "") -> list[Fact]:
        """Return the facts of a subject and attribute; empty strings match all."""

    def source(self, subject: str = "", attribute: str = "") -> RememberedFact | None:
        """Return a fact with its source; without arguments the one learned or recalled last."""

    def forget(self, subject: str = "", attribute: str = "") -> int:
        """Delete facts; returns how many."""


class AppointmentStore(Protocol):
    """Stores timers and reminders, and fires them."""

    def add(self, kind: Alarm, text: str, due: datetime) -> Appointment: ...

    def appointments(self, kind: Alarm) -> list[Appointment]:
        """Return the appointments, the soonest first."""

    def cancel(self, id: int) -> bool:
        """Cancel an appointment; returns whether it existed."""


class Controls(Protocol):
    """What the avatar may change in the application."""

    def set_speed(self, factor: float) -> None:
        """Set how fast the avatar speaks: 1 is normal."""

    def change_speed(self, factor: float) -> None:
        """Multiply the speed of speech by `factor`."""

    def set_volume(self, level: float) -> None:
        """Set how loud the avatar is: 0 silent, 1 full."""

    def change_volume(self, step: float) -> None:
        """Add `step` to the volume."""

    def mute(self) -> None:
        """Stop listening until the user opens the microphone again."""

    def show(self, control: Control) -> None:
        """Ask the window to do something."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the tools may use."""

    clock: Callable[[], datetime]
    """The local time, with time zone."""
    memory: NoteStore
    agenda: AppointmentStore
    controls: Controls
