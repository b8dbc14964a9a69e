"""Stores conversations on this computer only; each turn is durable once added."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Noticed, Outcome, TurnEnded
from avatar_app.core.values import Pictures
from avatar_app.storage.database import IN_MEMORY, Migration, connected, opened
from avatar_app.storage.timestamps import since, stored

log = logging.getLogger(__name__)

Values = tuple[object, ...] | dict[str, object]
T = TypeVar("T")


def _create_turns(connection: sqlite3.Connection) -> None:
    connection.execute(
        """
        CREATE TABLE turns (
            number INTEGER PRIMARY KEY,
            session TEXT NOT NULL,     -- one run of the program
            turn INTEGER NOT NULL,     -- counts within the session
            started_at TEXT NOT NULL,  -- ISO 8601, UTC
            outcome TEXT NOT NULL,
            typed INTEGER NOT NULL,
            user_text TEXT NOT NULL,
            avatar_text TEXT NOT NULL, -- what was written
            heard_text TEXT NOT NULL,  -- what left the loudspeaker
            marks TEXT NOT NULL,       -- JSON: what happened at which second of the session
            pictures TEXT NOT NULL     -- JSON: how the pictures were shown
        )
        """
    )
    connection.execute("CREATE INDEX turns_by_time ON turns (started_at)")


MIGRATIONS: list[Migration] = [_create_turns]
"""Each leads from the version that is its index to the next; append only."""

_COLUMNS = "turn, outcome, user_text, avatar_text, heard_text, marks, typed, pictures, started_at"


class History:
    """The turns of all conversations, in one SQLite file; may be used from any thread.

    A broken file is moved aside, and where the disk cannot be written the turns stay in memory;
    both are reported to `notice`. Raises AvatarError if a newer program wrote it.
    """

    def __init__(self, path: Path, notice: Callable[[Noticed], None] | None = None) -> None:
        self.path = path
        self.session = uuid.uuid4().hex
        self._notice = notice or _log
        self._lock = threading.Lock()
        self.in_memory = False
        """Whether turns are only in memory, because the disk cannot be written."""
        self._told_lost = False
        self._connection = self._opened()

    def add(self, turn: TurnEnded, at: datetime) -> None:
        """Store a turn that began at `at` (aware of its time zone); durable on return."""
        row = (
            self.session,
            turn.turn_id,
            stored(at),
            turn.outcome,
            turn.typed,
            turn.user_text,
            turn.avatar_text,
            turn.heard_text,
            json.dumps(turn.marks),
            json.dumps(asdict(turn.pictures)),
        )
        with self._lock:
            self._kept(lambda: self._insert(row), None)

    def recent(self, limit: int) -> tuple[TurnEnded, ...]:
        """Return the last `limit` turns, oldest first."""
        query = f"SELECT {_COLUMNS} FROM turns ORDER BY number DESC LIMIT ?"
        return self._turns(query, (limit,))

    def search(self, text: str, limit: int = 100) -> tuple[TurnEnded, ...]:
        """Return the last `limit` turns in which `text` was said or heard, in any case; oldest
        first.
        """
        query = (
            f"SELECT {_COLUMNS} FROM turns WHERE instr(folded(user_text), :text)"
            " OR instr(folded(heard_text), :text) ORDER BY number DESC LIMIT :limit"
        )
        return self._turns(query, {"text": text.casefold(), "limit": limit})

    def forget(self) -> None:
        """Delete everything for good; nothing remains in the file. Raises AvatarError where that
        fails.
        """
        with self._lock:
            try:
                with self._connection:
                    self._connection.execute("DELETE FROM turns")
                self._connection.execute("VACUUM")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                if self.in_memory and self.path.exists():
                    self.path.unlink()
            except (sqlite3.Error, OSError) as error:
                raise AvatarError(
                    f"The stored history could not be deleted: {error}.",
                    f"Close the program and delete {self.path} yourself.",
                ) from error

    def prune(self, days: int, now: datetime | None = None) -> int:
        """Delete turns older than `days` (0: none); returns how many."""
        if not (limit := since(days, now)):
            return 0
        with self._lock:
            return self._kept(lambda: self._delete_before(limit), 0)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _kept(self, work: Callable[[], T], otherwise: T) -> T:
        """Run `work`; where the file fails, in memory; where that fails too, report it once."""
        try:
            return work()
        except sqlite3.Error as error:
            if not self.in_memory:
                self._go_on_in_memory(error)
        try:
            return work()
        except sqlite3.Error as error:
            if not self._told_lost:
                self._told_lost = True
                message = f"Conversations are no longer recorded: {error}."
                self._notice(Noticed(message, "Restart the application."))
            return otherwise

    def _delete_before(self, limit: str) -> int:
        with self._connection:
            return self._connection.execute(
                "DELETE FROM turns WHERE started_at < ?", (limit,)
            ).rowcount

    def _insert(self, row: tuple[object, ...]) -> None:
        with self._connection:
            self._connection.execute(
                "INSERT INTO turns (session, turn, started_at, outcome, typed, user_text,"
                " avatar_text, heard_text, marks, pictures) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def _turns(self, query: str, values: Values) -> tuple[TurnEnded, ...]:
        with self._lock:
            rows: list[tuple[Any, ...]] = self._kept(
                lambda: self._connection.execute(query, values).fetchall(), []
            )
        return tuple(_turn(*row) for row in reversed(rows))

    def _opened(self) -> sqlite3.Connection:
        try:
            connection, kept = opened(self.path, MIGRATIONS)
        except (sqlite3.Error, OSError) as error:
            return self._memory(error)
        if kept is not None:
            message = "The stored history is broken; a new one was begun."
            self._notice(Noticed(message, f"The old one is {kept}."))
        return _searchable(connection)

    def _memory(self, error: Exception) -> sqlite3.Connection:
        self.in_memory = True
        self._notice(
            Noticed(
                f"Conversations cannot be stored: {error}.",
                f"Until the next start they are kept in memory. Look at {self.path.parent}.",
            )
        )
        return _searchable(connected(IN_MEMORY, MIGRATIONS))

    def _go_on_in_memory(self, error: sqlite3.Error) -> None:
        """Switch to memory: the disk is full or gone, or the file is broken. As many of the stored
        turns as can be read are kept in memory with the new ones.
        """
        stored, self._connection = self._connection, self._memory(error)
        with closing(stored):
            try:
                stored.backup(self._connection)
                self._connection.execute("SELECT count(*) FROM turns")
            except sqlite3.Error:
                log.info("the stored turns cannot be read either", exc_info=True)
                self._connection.close()
                self._connection = _searchable(connected(IN_MEMORY, MIGRATIONS))


def _searchable(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.create_function("folded", 1, str.casefold, deterministic=True)
    return connection


def _turn(
    turn: int,
    outcome: str,
    user_text: str,
    avatar_text: str,
    heard_text: str,
    marks: str,
    typed: int,
    pictures: str,
    started_at: str,
) -> TurnEnded:
    return TurnEnded(
        turn_id=turn,
        outcome=Outcome(outcome),
        user_text=user_text,
        avatar_text=avatar_text,
        heard_text=heard_text,
        marks=json.loads(marks),
        typed=bool(typed),
        pictures=Pictures(**json.loads(pictures)),
        at=datetime.fromisoformat(started_at),
    )


def _log(notice: Noticed) -> None:
    log.warning("%s %s", notice.message, notice.hint)
