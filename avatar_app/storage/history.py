"""Keeps what was said, on this computer only; a turn that was added survives kill -9."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from avatar_app.core.events import Noticed, TurnEnded
from avatar_app.storage.conversations import ConversationStore
from avatar_app.storage.history_file import HistoryFile
from avatar_app.storage.stored_turns import StoredTurn, read_turns
from avatar_app.storage.timestamps import format_timestamp, since

_SHOWN = "conversation IN (SELECT id FROM conversations WHERE deleted_at = '')"


class History:
    """Writes the turns of the running conversation into one SQLite file, and reads the last; may be
    used from any thread. `conversations` reads and changes all that was ever said.

    A file that is broken is kept under another name, and on a disk that cannot be written the turns
    are kept in memory; `notice` receives both. Raises AvatarError if a newer program wrote it.
    """

    def __init__(self, path: Path, notice: Callable[[Noticed], None] | None = None) -> None:
        self.path = path
        self.session = uuid.uuid4().hex
        self._file = HistoryFile(path, notice)
        self.conversations = ConversationStore(self._file)
        self._conversation: int | None = None

    @property
    def in_memory(self) -> bool:
        """Nothing is stored on the disk, because it cannot be written."""
        return self._file.in_memory

    @property
    def conversation(self) -> int | None:
        """The one that turns are added to; None before the first turn of a new one."""
        return self._conversation

    def begin(self, conversation: int | None = None) -> None:
        """Add turns to another conversation from now on; None: to a new one."""
        self._conversation = conversation

    def add(self, turn: TurnEnded, at: datetime) -> None:
        """Store a turn that ended at `at` (aware of its time zone); durable on return."""
        self.add_all([(turn, at)])

    def add_all(self, turns: Iterable[tuple[TurnEnded, datetime]]) -> None:
        """Store turns and when each ended, all of them or none; durable on return."""
        rows = [self._row(turn, at) for turn, at in turns]
        self._conversation = self._file.run(lambda to: self._insert(to, rows), self._conversation)

    def _row(self, turn: TurnEnded, at: datetime) -> tuple[object, ...]:
        return (
            self.session,
            turn.turn_id,
            format_timestamp(at),
            turn.outcome,
            turn.typed,
            turn.user_text,
            turn.avatar_text,
            turn.heard_text,
            json.dumps(turn.marks),
            json.dumps(asdict(turn.pictures)),
        )

    def withdraw(self, turn_id: int) -> None:
        """Delete a turn of this session for good: another takes its place."""
        self._file.erase("session = ? AND turn = ?", (self.session, turn_id))

    def recent(self, limit: int) -> tuple[TurnEnded, ...]:
        """The last `limit` turns, oldest first."""
        clauses = f"WHERE {_SHOWN} ORDER BY number DESC LIMIT ?"
        nothing: list[StoredTurn] = []
        found = self._file.run(lambda of: read_turns(of, clauses, (limit,)), nothing)
        return tuple(each.turn for each in reversed(found))

    def forget(self) -> None:
        """Delete everything for good; nothing remains in the file. AvatarError if it cannot be."""
        self._file.erase_all()
        self._conversation = None

    def prune(self, days: int, now: datetime | None = None) -> int:
        """Delete turns older than `days` (0: none); returns how many."""
        limit = since(days, now)
        return self._file.erase("started_at < ?", (limit,)) if limit else 0

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _insert(self, connection: sqlite3.Connection, rows: list[tuple[object, ...]]) -> int:
        conversation = self._current(connection)
        connection.executemany(
            "INSERT INTO turns (session, turn, started_at, outcome, typed, user_text, avatar_text,"
            " heard_text, marks, pictures, conversation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*row, conversation) for row in rows],
        )
        return conversation

    def _current(self, connection: sqlite3.Connection) -> int:
        """One that was erased meanwhile is not added to; one that was only deleted is, so that
        its last turn goes and comes back with it."""
        query = "SELECT id FROM conversations WHERE id = ?"
        if row := connection.execute(query, (self._conversation,)).fetchone():
            return int(row[0])
        return connection.execute("INSERT INTO conversations DEFAULT VALUES").lastrowid or 0
