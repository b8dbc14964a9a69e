"""The SQLite file of the history, with a fallback in memory if the disk fails."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Noticed
from avatar_app.storage.database import IN_MEMORY, connect_database, open_database
from avatar_app.storage.history_schema import MIGRATIONS

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds for which another process may write: what is said meanwhile waits, and is not lost."""


class HistoryFile:
    """One connection, shared by threads one at a time.

    A file that is broken is kept under another name, and on a disk that cannot be written the turns
    are kept in memory; `notice` receives both. Raises AvatarError if a newer program wrote it.
    """

    def __init__(self, path: Path, notice: Callable[[Noticed], None] | None = None) -> None:
        self.path = path
        self._notice = notice or _log
        self._lock = threading.Lock()
        self.in_memory = False
        """Nothing is stored on the disk, because it cannot be written."""
        self._reported_lost = False
        self.connection = self._opened()

    def run(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Do `work` whole or not at all, durable on return; where the file fails, in memory. Where
        that fails too, say so once and return `otherwise`."""
        with self._lock:
            return self._run(work, otherwise)

    def erase_all(self) -> None:
        """Delete everything for good; nothing remains in the file. AvatarError if it cannot be."""
        with self._lock:
            try:
                with self.connection:
                    self.connection.execute("DELETE FROM turns")
                    self.connection.execute("DELETE FROM conversations")
                    self.connection.execute("INSERT INTO turn_words (turn_words) VALUES('rebuild')")
                self.connection.execute("VACUUM")
                self._empty_log()
                if self.in_memory and self.path.exists():
                    self.path.unlink()
            except (sqlite3.Error, OSError) as error:
                raise AvatarError(
                    f"The stored history could not be deleted: {error}.",
                    f"Close the program and delete {self.path} yourself.",
                ) from error

    def erase(self, where: str, values: tuple[object, ...]) -> int:
        """Delete turns for good, and conversations of which no turn is left; returns how many
        turns. Their words leave the index as well: a merge drops what was only marked as gone."""

        def work(connection: sqlite3.Connection) -> int:
            count = connection.execute(f"DELETE FROM turns WHERE {where}", values).rowcount
            if count:
                connection.execute(
                    "DELETE FROM conversations WHERE id NOT IN (SELECT conversation FROM turns)"
                )
                connection.execute("INSERT INTO turn_words (turn_words) VALUES ('optimize')")
            return count

        with self._lock:
            count = self._run(work, 0)
            if count:
                self._run(lambda _: self._empty_log(), None)
            return count

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self.connection.close()

    def _empty_log(self) -> None:
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _run(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        try:
            return self._transact_in_turn(work)
        except sqlite3.Error as error:
            if not self.in_memory:
                self._go_on_in_memory(error)
        try:
            return self._transact(work)
        except sqlite3.Error as error:
            if not self._reported_lost:
                self._reported_lost = True
                message = f"Conversations are no longer recorded: {error}."
                self._notice(Noticed(message, "Restart the application."))
            return otherwise

    def _transact_in_turn(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Wait for another process that writes: a large history takes it longer than
        BUSY_SECONDS."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self._transact(work)
            except sqlite3.OperationalError as error:
                is_busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() > until:
                    raise

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self.connection:
            return work(self.connection)

    def _opened(self) -> sqlite3.Connection:
        try:
            connection, damaged = open_database(self.path, MIGRATIONS)
        except (sqlite3.Error, OSError) as error:
            return self._memory(error)
        if damaged is not None:
            message = "The stored history is broken; a new one was begun."
            self._notice(Noticed(message, f"The old one is {damaged}."))
        return _searchable(connection)

    def _memory(self, error: Exception) -> sqlite3.Connection:
        self.in_memory = True
        self._notice(
            Noticed(
                f"Conversations cannot be stored: {error}.",
                f"Until the next start they are kept in memory. Look at {self.path.parent}.",
            )
        )
        return _searchable(connect_database(IN_MEMORY, MIGRATIONS))

    def _go_on_in_memory(self, error: sqlite3.Error) -> None:
        """The disk is full or gone, or the file broke: what was stored stays there, as much of it
        as can be read is remembered with what comes."""
        stored, self.connection = self.connection, self._memory(error)
        with closing(stored):
            try:
                stored.backup(self.connection)
                self.connection.execute("SELECT count(*) FROM turns")
            except sqlite3.Error:
                log.info("what was stored cannot be read either", exc_info=True)
                self.connection.close()
                self.connection = _searchable(connect_database(IN_MEMORY, MIGRATIONS))


def _searchable(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.create_function("folded", 1, str.casefold, deterministic=True)
    return connection


def _log(notice: Noticed) -> None:
    log.warning("%s %s", notice.message, notice.hint)
