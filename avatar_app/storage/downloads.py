"""The download queue in SQLite: which models the user ordered, in order, and how each ended."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from avatar_app.storage.database import Database, Migration
from avatar_app.system.paths import AppPaths

FILE = "downloads.db"


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(
        """
        CREATE TABLE downloads (
            number INTEGER PRIMARY KEY,
            model TEXT NOT NULL UNIQUE,     -- its id in the catalog
            state TEXT NOT NULL,            -- a DownloadState
            message TEXT NOT NULL DEFAULT '',
            hint TEXT NOT NULL DEFAULT '',
            reason TEXT NOT NULL DEFAULT '' -- name of the error's class
        )
        """
    )


MIGRATIONS: list[Migration] = [_create]
"""Each leads from the version that is its index to the next; only ever append."""


class DownloadState(StrEnum):
    """What is to happen with an ordered model."""

    WAITING = "waiting"
    """It is being fetched, or will be when those before it are here."""
    PAUSED = "paused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class QueuedDownload:
    """An ordered model that is not here whole."""

    model: str
    state: DownloadState
    message: str = ""
    """What went wrong, where it failed."""
    hint: str = ""
    reason: str = ""
    """Name of the error's class."""


class DownloadQueue:
    """May be used from any thread; every change is on the disk when a method returns. Raises
    InputInvalid where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        """What was waiting when the program ended is paused: nothing is fetched unasked."""
        self._database = Database(path, MIGRATIONS)
        self.notice = self._database.notice
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE downloads SET state = ? WHERE state = ?",
                (DownloadState.PAUSED, DownloadState.WAITING),
            )

    @classmethod
    def of(cls, paths: AppPaths) -> DownloadQueue:
        return cls(paths.data / FILE)

    @staticmethod
    def exists(paths: AppPaths) -> bool:
        """Whether anything was ever ordered."""
        return (paths.data / FILE).exists()

    def entries(self) -> tuple[QueuedDownload, ...]:
        """In the order in which they are fetched."""
        query = "SELECT model, state, message, hint, reason FROM downloads ORDER BY number"
        with self._database.transaction() as connection:
            rows = connection.execute(query).fetchall()
        return tuple(
            QueuedDownload(model, DownloadState(state), message, hint, reason)
            for model, state, message, hint, reason in rows
        )

    def put(self, model: str) -> None:
        """Order a model, behind the others; one that is ordered keeps its place and waits again."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO downloads (model, state) VALUES (?, ?)"
                " ON CONFLICT (model) DO UPDATE SET state = excluded.state,"
                " message = '', hint = '', reason = ''",
                (model, DownloadState.WAITING),
            )

    def pause(self, model: str) -> None:
        """Keep it for later; what went wrong with it is forgotten."""
        self._set(QueuedDownload(model, DownloadState.PAUSED))

    def fail(self, model: str, message: str, hint: str, reason: str) -> None:
        """Note why it could not be fetched, unless it was paused or taken off meanwhile."""
        failed = QueuedDownload(model, DownloadState.FAILED, message, hint, reason)
        self._set(failed, only_if=DownloadState.WAITING)

    def drop(self, model: str) -> None:
        """Take it off: it is here, or not wanted any more."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM downloads WHERE model = ?", (model,))

    def close(self) -> None:
        self._database.close()

    def _set(self, entry: QueuedDownload, only_if: DownloadState | None = None) -> None:
        values = (entry.state, entry.message, entry.hint, entry.reason, entry.model)
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE downloads SET state = ?, message = ?, hint = ?, reason = ? WHERE model = ?"
                + (" AND state = ?" if only_if else ""),
                (*values, only_if) if only_if else values,
            )
