"""Opens a SQLite file so that nothing is lost: a log, migrations, damaged files kept aside."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from avatar_app.core.errors import InputInvalid

Migration = Callable[[sqlite3.Connection], None]
IN_MEMORY = Path(":memory:")
BUSY_SECONDS = 5.0
"""How long another process's writing is waited for."""


class Database:
    """One connection, shared by threads one at a time.

    `notice` is one sentence for the user when the file was broken and had to be put aside, else
    empty. Raises InputInvalid when the file cannot be used or comes from a newer version.
    """

    def __init__(self, path: Path, migrations: Sequence[Migration]) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            self._connection, kept = opened(path, migrations)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        self.notice = (
            f"{path.name} was damaged; I kept it as {kept.name} and started a new one."
            if kept
            else ""
        )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written inside is kept, or nothing of it and InputInvalid is raised."""
        try:
            with self._lock, self._connection:
                yield self._connection
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Fold the log into the file; may be called twice."""
        with self._lock:
            self._connection.close()

    def _unusable(self, error: Exception) -> InputInvalid:
        return InputInvalid(
            f"The file {self.path} cannot be used: {error}.",
            "Check that the disk has room and that you may write to the folder.",
        )


def opened(path: Path, migrations: Sequence[Migration]) -> tuple[sqlite3.Connection, Path | None]:
    """A connection to the file at its newest version; and where the old file is, if that was
    damaged and another had to be begun. OSError and sqlite3.Error where that cannot be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return connected(path, migrations), None
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        kept = _put_aside(path)
        return connected(path, migrations), kept


def connected(path: Path, migrations: Sequence[Migration]) -> sqlite3.Connection:
    """What was committed survives the loss of power, what was deleted is gone from the file.

    sqlite3.DatabaseError if it is damaged, InputInvalid if a newer version wrote it.
    """
    connection = sqlite3.connect(path, check_same_thread=False, timeout=BUSY_SECONDS)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the file is damaged")
        _migrate(connection, migrations, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[Migration], path: Path) -> None:
    """The version is read under the lock: two processes may open the file at once. It writes, so
    that a disk that cannot be written shows at once."""
    version = 0
    while version < len(migrations):
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version < len(migrations):
                migrations[version](connection)
                connection.execute(f"PRAGMA user_version = {version + 1}")
    if version > len(migrations):
        raise InputInvalid(
            f"The file {path} was written by a newer version of the application.",
            "Install the newer version again, or move the file away to start with an empty one.",
        )


def _put_aside(path: Path) -> Path:
    """Rename the file, and its log, to the first free name beside it."""
    number = 1
    while (kept := path.with_name(f"{path.stem}-damaged-{number}{path.suffix}")).exists():
        number += 1
    path.rename(kept)
    for ending in ("-wal", "-shm"):
        log = path.with_name(path.name + ending)
        if log.exists():
            log.rename(kept.with_name(kept.name + ending))
    return kept
