"""What the avatar's tools act on: memory, agenda and the application's controls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from avatar_app.agents.mcp.tools import McpTools
from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import Control, ControlRequested, Event, Noticed, TurnWithdrawn
from avatar_app.core.listeners import Listeners
from avatar_app.core.prompt import ToolDescription
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.session.episode_writer import EpisodeWriter
from avatar_app.session.meaning.embedder import installed_embedder
from avatar_app.session.meaning.index import MeaningIndex
from avatar_app.session.speaking_first.initiative import Initiative
from avatar_app.session.speaking_first.wishes import FirstWishes, NoWishes
from avatar_app.storage.agenda import Agenda
from avatar_app.storage.believed_time import believed_time
from avatar_app.storage.documents import Documents, Quotation
from avatar_app.storage.facts import importance
from avatar_app.storage.memory import Memory
from avatar_app.storage.tool_log import ToolLog
from avatar_app.system.paths import AppPaths
from avatar_app.tools.box import ToolBox
from avatar_app.tools.services import Eyes, NoEyes, NoPageWork, PageWork, RememberedFact, Services
from avatar_app.tools.undo import UndoHistory

SLOWEST, FASTEST = 0.5, 2.0
LOUDEST = 1.5
UNSTORED = Path(":memory:")
"""SQLite's name for a database without a file."""

CARD_CHARACTERS = 1200
"""Of the facts that a language model always gets: some 400 tokens."""
FACTS = "What the user has told you about themselves: {}."

Storage = TypeVar("Storage")
Remembered = TypeVar("Remembered")


class AppControls(Protocol):
    """What the controls change."""

    def configure_voice(self, **options: Any) -> None: ...

    def set_volume(self, volume: float) -> None: ...

    def mute(self, *, muted: bool) -> None: ...


class VoiceControls:
    """The application's controls as the avatar uses them; remembers their values."""

    def __init__(self, controls: AppControls, post: Callable[[Event], None]) -> None:
        self._controls, self._post = controls, post
        self.speed = 1.0
        self.volume = 1.0

    def set_speed(self, factor: float) -> None:
        self.speed = min(max(factor, SLOWEST), FASTEST)
        self._controls.configure_voice(speed=self.speed)

    def change_speed(self, factor: float) -> None:
        self.set_speed(self.speed * factor)

    def set_volume(self, level: float) -> None:
        self.volume = min(max(level, 0.0), LOUDEST)
        self._controls.set_volume(self.volume)

    def change_volume(self, step: float) -> None:
        self.set_volume(self.volume + step)

    def mute(self) -> None:
        self._controls.mute(muted=True)

    def show(self, control: Control, text: str = "") -> None:
        self._post(ControlRequested(control, text))


class AssistantTools:
    """Owns memory and agenda, and the toolbox through which a dialogue engine uses them."""

    def __init__(
        self,
        paths: AppPaths | None,
        controls: AppControls,
        post: Callable[[Event], None],
        announce: Callable[[str], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC).astimezone(),
        eyes: Eyes | None = None,
        pages: PageWork | None = None,
        undo: UndoHistory | None = None,
        wishes: FirstWishes | None = None,
    ) -> None:
        """`paths`: None keeps memory and agenda until `close` only."""
        self._unstored: list[str] = []
        self._is_reported = False
        memory, agenda = (paths.memory_file, paths.agenda_file) if paths else (UNSTORED, UNSTORED)
        self._paths, self._clock, self._post = paths, clock, post
        self._log = self._opened(ToolLog, paths.tool_log_file if paths else UNSTORED)
        self._memory = self._opened(Memory, memory)
        self._agenda = self._opened(lambda path: Agenda(path, announce), agenda)
        self.initiative = Initiative(
            self._memory, self._agenda, wishes or NoWishes(), announce, clock
        )
        """Speaks first, where the user wants it."""
        self._services = Services(
            clock,
            self._memory,
            self._agenda,
            VoiceControls(controls, post),
            undo or UndoHistory(),
            eyes or NoEyes(),
            pages or NoPageWork(),
            self.initiative,
        )
        self.episode = EpisodeWriter(self._memory.episodes, clock)
        """Receives the events of the conversation."""
        load = installed_embedder()
        self._meaning = MeaningIndex(self._memory, load) if load and paths else None
        self._followers = Listeners[Event]()
        following: tuple[Callable[[Event], None] | None, ...] = (
            self._withdraw,
            self.episode,
            self.initiative,
            self._meaning,
        )
        for follower in following:
            if follower is not None:
                self._followers.subscribe(follower)
        self.documents = Documents()
        """Those that the user gave to be read, until the program ends."""
        self._box = ToolBox(self._services)
        self._foreign = McpTools(paths.config, paths.mcp, paths.logs / "mcp.log") if paths else None

    @property
    def descriptions(self) -> tuple[ToolDescription, ...]:
        """Return all tools; those of other programs come last."""
        return (*self._box.descriptions, *(self._foreign.descriptions if self._foreign else ()))

    def reload(self) -> None:
        """Read again which tools of other programs the user added."""
        if self._foreign is not None:
            self._foreign.reload()

    def facts(self) -> str:
        """Return what a language model always learns about the user, as a sentence."""
        card = self._read(self._card, list[RememberedFact]())
        return FACTS.format("; ".join(map(_stated, card))) if card else ""

    def recall(self, text: str) -> str:
        """Return what else the user has said that these words may be about."""
        return self._read(lambda: self._recalled(text), "")

    def _recalled(self, text: str) -> str:
        known = {each.id for each in self._card()}
        near = self._meaning.related(text) if self._meaning else []
        both = {each.id: each for each in (*self._memory.stated.related(text), *near)}
        if both:
            self._memory.stated.mention(next(iter(both.values())))
        found = [each for each in both.values() if each.id not in known]
        quoted = (
            f"the document {each.document} that the user gave you says{_where(each)}:"
            f" “{each.passage}”"
            for each in self.documents.related(text)
        )
        episodes = (
            f"on {each.at:%Y-%m-%d} the user talked with you about: {each.summary}"
            for each in self._memory.episodes.related(text, self._clock())
        )
        return "; ".join((*map(_stated, found), *quoted, *episodes))

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

    def _read(self, read: Callable[[], Remembered], otherwise: Remembered) -> Remembered:
        """An answer comes also where the memory cannot be used, which is reported once."""
        try:
            return read()
        except InputInvalid as error:
            if not self._is_reported:
                self._is_reported = True
                self._post(Noticed(error.message, error.hint, type(error)))
            return otherwise

    @property
    def notices(self) -> tuple[str, ...]:
        """Return what was wrong with the stored files."""
        stored = (self._memory, self._agenda, self._log)
        foreign = self._foreign.notice if self._foreign else ""
        notices = (*(each.notice for each in stored), foreign, *self._unstored)
        return tuple(text for text in notices if text)

    def start(self) -> None:
        """Start firing timers and reminders, and let old episodes fade."""
        now = self._clock()
        self._memory.episodes.fade(believed_time(self._paths, now) if self._paths else now)
        self._agenda.start()
        if self._meaning is not None:
            self._meaning.start()

    def hear(self, event: Event) -> None:
        """Follow the conversation: what is remembered is prepared and written beside it."""
        self._followers(event)

    def _withdraw(self, event: Event) -> None:
        """What was remembered or set for words that were misheard is taken back."""
        if isinstance(event, TurnWithdrawn):
            try:
                self._services.undo.withdraw(event.turn_id)
            except InputInvalid as error:
                self._post(Noticed(error.message, error.hint, type(error)))

    def call(self, call: ToolCall) -> ToolResult:
        """Call a tool for the dialogue engine, and log it."""
        foreign = self._foreign
        tools = foreign if foreign is not None and foreign.owns(call.name) else self._box
        result = tools.call(call)
        try:
            self._log.add(call, tools.effect(call.name), result, self._clock())
        except InputInvalid as error:  # it was done all the same
            self._post(Noticed(error.message, error.hint, type(error)))
        return result

    def forget(self) -> None:
        """Delete all facts and notes, also where the log tells of them; timers and reminders
        stay."""
        self._log.clear()
        self._services.undo.clear()
        self.documents.forget()
        self.episode.forget()
        self.initiative.forget()
        self._memory.episodes.clear()
        self._memory.clear_notes()
        self._memory.forget()

    def forget_agenda(self) -> None:
        """Delete all timers and reminders."""
        self._services.undo.clear()
        self._agenda.clear()

    def forget_calls(self) -> None:
        """Delete the log of what was done."""
        self._log.clear()

    def close(self) -> None:
        if self._foreign is not None:
            self._foreign.close()
        self.initiative.close()
        self._agenda.close()
        self.episode.close()
        if self._meaning is not None:
            self._meaning.close()
        self._memory.close()
        self.documents.close()
        self._log.close()

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


def _where(quoted: Quotation) -> str:
    return f" on page {quoted.page}" if quoted.page else ""


def _stated(known: RememberedFact) -> str:
    fact = known.fact
    whose = fact.attribute if fact.subject == "user" else f"{fact.subject}'s {fact.attribute}"
    return f"{whose}: {fact.value}"
