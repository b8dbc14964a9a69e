"""What the avatar's tools act on: memory, agenda and the application's controls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import Control, ControlRequested, Event
from avatar_app.core.prompt import ToolDescription
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.storage.agenda import Agenda
from avatar_app.storage.facts import importance
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import AppPaths
from avatar_app.tools.box import ToolBox
from avatar_app.tools.services import RememberedFact, Services

SLOWEST, FASTEST = 0.5, 2.0
LOUDEST = 1.5
UNSTORED = Path(":memory:")
"""SQLite's name for a database without a file."""

CARD_CHARACTERS = 1200
"""Of the facts that a language model always gets: some 400 tokens."""
FACTS = "What the user has told you about themselves: {}."

Storage = TypeVar("Storage")


class AppControls(Protocol):
    """What the controls change."""

    def configure_voice(self, **options: Any) -> None: ...

    def set_volume(self, volume: float) -> None: ...

    def mute(self, *, muted: bool) -> None: ...


class VoiceControls:
    """The application's controls as the avatar uses them; remembers their values."""

    def __init__(self, controls: AppControls, post: Callable[[Event], None]) -> None:
        self._controls, self._post = controls, post
        self._speed = 1.0
        self._volume = 1.0

    def set_speed(self, factor: float) -> None:
        self._speed = min(max(factor, SLOWEST), FASTEST)
        self._controls.configure_voice(speed=self._speed)

    def change_speed(self, factor: float) -> None:
        self.set_speed(self._speed * factor)

    def set_volume(self, level: float) -> None:
        self._volume = min(max(level, 0.0), LOUDEST)
        self._controls.set_volume(self._volume)

    def change_volume(self, step: float) -> None:
        self.set_volume(self._volume + step)

    def mute(self) -> None:
        self._controls.mute(muted=True)

    def show(self, control: Control) -> None:
        self._post(ControlRequested(control))


class AssistantTools:
    """Owns memory and agenda, and the toolbox through which a dialogue engine uses them."""

    def __init__(
        self,
        paths: AppPaths | None,
        controls: AppControls,
        post: Callable[[Event], None],
        announce: Callable[[str], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC).astimezone(),
    ) -> None:
        """`paths`: None keeps memory and agenda until `close` only."""
        self._unstored: list[str] = []
        memory, agenda = (paths.memory_file, paths.agenda_file) if paths else (UNSTORED, UNSTORED)
        self._memory = self._opened(Memory, memory)
        self._agenda = self._opened(lambda path: Agenda(path, announce), agenda)
        self._box = ToolBox(
            Services(clock, self._memory, self._agenda, VoiceControls(controls, post))
        )

    @property
    def descriptions(self) -> tuple[ToolDescription, ...]:
        return self._box.descriptions

    def facts(self) -> str:
        """Return what a language model always learns about the user, as a sentence."""
        card = self._card()
        return FACTS.format("; ".join(map(_stated, card))) if card else ""

    def recall(self, text: str) -> str:
        """Return what else the user has said that these words may be about."""
        known = {each.id for each in self._card()}
        found = [each for each in self._memory.stated.related(text) if each.id not in known]
        return "; ".join(map(_stated, found))

    def _card(self) -> list[RememberedFact]:
        """Return the facts that matter most, then the latest, in the order they were learned: the
        beginning of the prompt, which is processed once, seldom changes."""
        found = self._memory.stated.all()
        chosen, room = list[RememberedFact](), CARD_CHARACTERS
        for each in sorted(found, key=lambda known: (importance(known.fact), known.id))[::-1]:
            room -= len(_stated(each)) + len("; ")
            if room < 0:
                break
            chosen.append(each)
        return sorted(chosen, key=lambda known: known.id)

    @property
    def notices(self) -> tuple[str, ...]:
        """Return what was wrong with the stored files."""
        notices = (self._memory.notice, self._agenda.notice, *self._unstored)
        return tuple(text for text in notices if text)

    def start(self) -> None:
        """Start firing timers and reminders."""
        self._agenda.start()

    def call(self, call: ToolCall) -> ToolResult:
        """Call a tool for the dialogue engine."""
        return self._box.call(call)

    def forget(self) -> None:
        """Delete all facts and notes; timers and reminders stay."""
        self._memory.clear_notes()
        self._memory.forget()

    def forget_agenda(self) -> None:
        """Delete all timers and reminders."""
        self._agenda.clear()

    def close(self) -> None:
        self._agenda.close()
        self._memory.close()

    def _opened(self, open_file: Callable[[Path], Storage], path: Path) -> Storage:
        """Open the file; where it cannot be used, keep the data in memory until the program
        ends."""
        try:
            return open_file(path)
        except InputInvalid as error:
            self._unstored.append(
                f"{error.message} Until it works again, nothing is stored beyond this run."
            )
            return open_file(UNSTORED)


def _stated(known: RememberedFact) -> str:
    fact = known.fact
    whose = fact.attribute if fact.subject == "user" else f"{fact.subject}'s {fact.attribute}"
    return f"{whose}: {fact.value}"
