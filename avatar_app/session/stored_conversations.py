"""The stored conversations while the program runs: continued, deleted with undo, exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from avatar_app.core.jobs import Job
from avatar_app.pipeline import commands
from avatar_app.session.conversation_export import ConversationExporter
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.conversation_text import ExportFormat, Speakers
from avatar_app.storage.conversations import PAGE, ConversationSummary
from avatar_app.storage.erasure import erase_conversations
from avatar_app.storage.history import History
from avatar_app.storage.recorder import ConversationRecorder
from avatar_app.storage.stored_turns import StoredTurn
from avatar_app.system.paths import AppPaths

RESUMED_TURNS = 100
"""Turns of an old conversation that the window shows again; a prompt holds fewer."""

BEFORE_A_HIT = 10
"""Turns that are read before the one that was searched for."""


class StoredConversations:
    """What a window may ask of the history. Every method may take a moment."""

    def __init__(
        self,
        history: History,
        send: Callable[[commands.Command], None],
        settings: SettingsStore,
        paths: AppPaths,
        recorder: ConversationRecorder | None = None,
    ) -> None:
        """`recorder` stores what is said; None where nothing is stored."""
        self._history, self._store = history, history.conversations
        self._send, self._settings, self._recorder = send, settings, recorder
        self._paths = paths
        self._exporter = ConversationExporter(self._store, paths)
        self._left: int | None = None

    @property
    def current(self) -> int | None:
        """The one that is going on; None before anything was said in it."""
        return self._history.conversation

    def search(self, text: str = "") -> tuple[ConversationSummary, ...]:
        """All conversations, or those in which `text` is found; pinned ones first, then the
        latest."""
        self._settle()
        return self._store.search(text)

    def where_said(self, sentence: str) -> int | None:
        """Return the conversation in which the user said a sentence last; None where it is not
        stored."""
        self._settle()
        return self._store.where_said(sentence)

    def turns(self, id: int, after: int = 0) -> tuple[StoredTurn, ...]:
        """The next page of turns of a conversation behind the turn with the number `after`."""
        return self._store.turns(id, after)

    def turns_before(self, id: int, number: int, limit: int = PAGE) -> tuple[StoredTurn, ...]:
        """The page of turns before the turn with this number."""
        return self._store.last_turns(id, limit, number)

    def turns_around(self, id: int, number: int) -> tuple[StoredTurn, ...]:
        """A page of turns that holds the turn with this number, and a few before it."""
        before = self.turns_before(id, number, BEFORE_A_HIT)
        return (*before, *self._store.turns(id, number - 1, PAGE - len(before)))

    def rename(self, id: int, title: str) -> None:
        """An empty title brings the first sentence back."""
        self._store.rename(id, title)

    def pin(self, id: int, *, pinned: bool) -> None:
        """Keep it at the top of the list, or no more."""
        self._store.pin(id, pinned=pinned)

    def resume(self, id: int) -> None:
        """Go on with an old conversation; a `ConversationBegan` event follows."""
        self._settle()
        turns = tuple(each.turn for each in self._store.last_turns(id, RESUMED_TURNS))
        self._send(commands.BeginConversation(id, turns))

    def begin(self) -> None:
        """Begin a new conversation that knows nothing of the one before."""
        self._send(commands.BeginConversation())

    def delete(self, id: int) -> None:
        """Put it aside, for `restore`; where it is going on, a new one begins."""
        self._settle()
        self._store.delete(id)
        self._left = id if id == self.current else None
        if self._left is not None:
            self.begin()

    def restore(self, id: int) -> None:
        """Undo `delete`: it is stored, and goes on where it did."""
        self._store.restore(id)
        if self._left == id:
            self._left = None
            self.resume(id)

    def _settle(self) -> None:
        """Wait until all that was said so far is stored."""
        if self._recorder is not None:
            self._recorder.settle()

    def erase(self, id: int) -> None:
        """Erase for good what was deleted, and what is remembered of it."""
        erase_conversations(self._store, self._paths.memory_file, [id])

    def export(
        self, id: int, path: Path, format: ExportFormat, speakers: Speakers, job: Job[Path]
    ) -> Path:
        """Write it into a file; see `ConversationExporter`."""
        self._settle()
        settings = self._settings.settings
        return self._exporter.export(id, path, format, speakers, settings, job)
