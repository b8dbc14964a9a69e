"""Opens a SQLite file so that nothing is lost: a log, migrations, damaged files kept aside."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from avatar_app.core.errors import InputInvalid

Migration = Callable[[sqlite3.Connection], None]


class Database:
    """One connection, shared by threads one at a time.

    `notice` is one sentence for the user when the file was broken and had to be put aside, else
    empty. Raises InputInvalid when the file cannot be written or comes from a newer version.
    """

    def __init__(self, path: Path, migrations: Sequence[Migration]) -> None:
        self.path = path
        self.notice = ""
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._open(migrations)
        except (OSError, sqlite3.OperationalError) as error:
            raise InputInvalid(
                f"The file {path} cannot be used: {error}.",
                "Check that the disk has room and that you may write to the folder.",
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written inside is kept, or nothing of it."""
        with self._lock, self._connection:
            yield self._connection

    def close(self) -> None:
        """Fold the log into the file; may be called twice."""
        with self._lock:
            self._connection.close()

    def _open(self, migrations: Sequence[Migration]) -> sqlite3.Connection:
        try:
            return _connect(self.path, migrations)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            kept = _put_aside(self.path)
            self.notice = f"{self.path.name} was damaged; I kept it as {kept.name} and began anew."
            return _connect(self.path, migrations)


def _connect(path: Path, migrations: Sequence[Migration]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the file is damaged")
        _migrate(connection, migrations, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[Migration], path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        raise InputInvalid(
            f"The file {path} was written by a newer version of the application.",
            "Install the newer version again, or move the file away to start with an empty one.",
        )
    for number, migration in enumerate(migrations[version:], start=version + 1):
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            migration(connection)
            connection.execute(f"PRAGMA user_version = {number}")


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
