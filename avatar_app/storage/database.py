"""Opens SQLite files safely: write-ahead log, migrations, and damaged files renamed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.whole_text import whole_text

Migration = Callable[[sqlite3.Connection], None]
IN_MEMORY = Path(":memory:")
_SYNCHRONOUS = "FULL"
BUSY_SECONDS = 5.0
"""How long to wait for another process's writing."""


class _Connection(sqlite3.Connection):
    """Stores any text; what UTF-8 has no bytes for is replaced."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        try:
            return super().execute(sql, parameters)
        except UnicodeEncodeError:
            return super().execute(sql, _whole(parameters))

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        return super().executemany(sql, map(_whole, parameters))


def _whole(parameters: Any) -> Any:
    if isinstance(parameters, dict):
        return {name: _whole_value(value) for name, value in parameters.items()}
    return tuple(map(_whole_value, parameters))


def _whole_value(value: Any) -> Any:
    return whole_text(value) if isinstance(value, str) else value


class Database:
    """One connection, shared by threads one at a time.

    `notice` is one sentence for the user if the file was damaged and renamed, else empty.
    Raises InputInvalid when the file cannot be used or comes from a newer version.
    """

    def __init__(self, path: Path, migrations: Sequence[Migration]) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            self._connection, damaged = open_database(path, migrations)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        self.notice = (
            f"{path.name} was damaged; I kept it as {damaged.name} and started a new one."
            if damaged
            else ""
        )

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Commit everything written inside, or roll it back and raise InputInvalid. What is not
        `durable` survives kill -9, but is not waited for until the disk has it, which takes long
        while the disk is busy: a loss of power may take it back. Not inside another one then."""
        try:
            with (
                self._lock,
                self._waiting(durable=durable),
                self._connection,
            ):
                yield self._connection
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    @contextmanager
    def _waiting(self, *, durable: bool) -> Iterator[None]:
        """Wait for the disk at each commit inside, or not."""
        if durable:
            yield
            return
        self._connection.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            self._connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS}")

    def close(self) -> None:
        """Merge the log into the file; may be called twice."""
        with self._lock:
            self._connection.close()

    def _unusable(self, error: Exception) -> InputInvalid:
        return InputInvalid(
            f"The file {self.path} cannot be used: {error}.",
            "Check that the disk has room and that you may write to the folder.",
        )


def open_database(
    path: Path, migrations: Sequence[Migration]
) -> tuple[sqlite3.Connection, Path | None]:
    """Return a connection to the file at its newest version, and the path of the old file if it was
    damaged and replaced. Raises OSError and sqlite3.Error.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return connect_database(path, migrations), None
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        damaged = _move_damaged(path)
        return connect_database(path, migrations), damaged


def connect_database(path: Path, migrations: Sequence[Migration]) -> sqlite3.Connection:
    """Connect. Committed data survives the loss of power; deleted data is erased from the file.

    Raises sqlite3.DatabaseError if it is damaged, InputInvalid if a newer version wrote it.
    """
    connection = sqlite3.connect(
        path, check_same_thread=False, timeout=BUSY_SECONDS, factory=_Connection
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS}")
        connection.execute("PRAGMA secure_delete = ON")
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the file is damaged")
        _migrate(connection, migrations, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[Migration], path: Path) -> None:
    """Migrate the file. The version is read under the lock, as two processes may open the file at
    once. It always writes, so that an unwritable disk is noticed at once.
    """
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


def _move_damaged(path: Path) -> Path:
    """Rename the file, and its log, to the first free name next to it."""
    number = 1
    while (renamed := path.with_name(f"{path.stem}-damaged-{number}{path.suffix}")).exists():
        number += 1
    path.rename(renamed)
    for ending in ("-wal", "-shm"):
        log = path.with_name(path.name + ending)
        if log.exists():
            log.rename(renamed.with_name(renamed.name + ending))
    return renamed
