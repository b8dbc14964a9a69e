"""Protocols of the services that the tools use, passed in as one frozen value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NoReturn, Protocol

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.events import Control
from avatar_app.core.prompt import PicturePart
from avatar_app.core.turn import Turn
from avatar_app.tools.undo import UndoHistory


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


BY_HAND = "corrected by hand: "
"""With what the source of a fact that was corrected on the page of privacy begins."""


@dataclass(frozen=True, slots=True)
class RememberedFact:
    """A fact as the memory keeps it."""

    id: int
    fact: Fact
    said: str = ""
    """The user's words from which it was learned; empty if they were not kept."""
    learned: datetime | None = None
    """With time zone; None if it was not kept."""

    @property
    def by_hand(self) -> bool:
        """Whether the user has corrected it on the page of privacy, instead of saying it."""
        return self.said.startswith(BY_HAND)


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

    def remembered(self, subject: str, attribute: str = "") -> list[RememberedFact]:
        """Return facts with their sources, the oldest first."""

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

    speed: float
    """1 is normal."""
    volume: float
    """0 silent, 1 full."""

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

    def show(self, control: Control, text: str = "") -> None:
        """Ask the window to do something, for SHOW_SOURCE with a sentence."""


class Eyes(Protocol):
    """Takes pictures, one at a time, while a light shows it."""

    def look(self, at: str) -> PicturePart:
        """Return a picture of the "camera", the "screen" or the "window" in front. Raises
        DeviceUnavailable."""


class NoEyes:
    """`Eyes` where nothing can be looked at."""

    def look(self, _at: str) -> PicturePart:
        raise DeviceUnavailable("I can't look at anything here.", "Use the program's own window.")


@dataclass(frozen=True, slots=True)
class PagePlan:
    """What is to be built."""

    steps: tuple[str, ...]
    """Sentences."""
    minutes: int
    """It may take."""


class PageWork(Protocol):
    """Builds one small web page at a time, beside the conversation. All raise AvatarError with why
    it can't be done."""

    def plan(self, request: str, turn: Turn | None) -> PagePlan:
        """Plan a page in 20 seconds at most; nothing is built. It ends with `turn`."""

    def build(self) -> str:
        """Begin to build what was planned last; returns what the user asked for."""

    def show(self) -> str:
        """Open the page as far as it is there; returns what the user asked for."""

    def stop(self) -> str:
        """Stop building; what was done is kept. Returns what the user asked for."""

    def resume(self) -> str:
        """Go on with what was stopped or cut off; returns what the user asked for."""


class NoPageWork:
    """`PageWork` where nothing can be built."""

    def plan(self, _request: str, _turn: Turn | None) -> PagePlan:
        return self._refuse()

    def build(self) -> str:
        return self._refuse()

    def show(self) -> str:
        return self._refuse()

    def stop(self) -> str:
        return self._refuse()

    def resume(self) -> str:
        return self._refuse()

    def _refuse(self) -> NoReturn:
        raise DeviceUnavailable("I can't build pages here.", "Use the program's own window.")


class OwnRemarks(Protocol):
    """What the avatar says on its own: a good morning, or the question how something went."""

    def explain(self) -> str:
        """Return why it was said, the last time; empty where nothing was."""

    def stop(self) -> tuple[str, ...]:
        """Say such things no more; returns the kinds that were switched off."""

    def resume(self, kinds: Sequence[str]) -> None:
        """Say such things again."""


class NoRemarks:
    """`OwnRemarks` where the avatar only answers."""

    def explain(self) -> str:
        return ""

    def stop(self) -> tuple[str, ...]:
        return ()

    def resume(self, kinds: Sequence[str]) -> None:
        """Nothing was stopped."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the tools may use."""

    clock: Callable[[], datetime]
    """The local time, with time zone."""
    memory: NoteStore
    agenda: AppointmentStore
    controls: Controls
    undo: UndoHistory = field(default_factory=UndoHistory)
    eyes: Eyes = field(default_factory=NoEyes)
    pages: PageWork = field(default_factory=NoPageWork)
    remarks: OwnRemarks = field(default_factory=NoRemarks)
