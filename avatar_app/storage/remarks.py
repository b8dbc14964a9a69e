"""What the avatar has said on its own, in SQLite: when, and whether it was answered; no words.

What a remark was about is kept as a hash, which is enough to say nothing twice.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from avatar_app.storage.database import Database
from avatar_app.storage.timestamps import format_timestamp

MOST = 1000
"""Remarks that are kept, whatever the clock says: those of more days than anything is worth one."""


class RemarkKind(StrEnum):
    """What the avatar may say on its own."""

    MORNING = "morning"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True, slots=True)
class PastRemark:
    """A remark that was made, or was about to be made when the program ended."""

    kind: RemarkKind
    at: datetime
    """With time zone."""
    answered: bool | None
    """Whether the user said something to it; None where it was not heard."""


def create_remarks(connection: sqlite3.Connection) -> None:
    """Keep one row for each remark; nothing is said twice."""
    connection.execute(
        "CREATE TABLE remarks (kind TEXT NOT NULL, about TEXT NOT NULL, at TEXT NOT NULL,"
        " answered INTEGER, PRIMARY KEY (kind, about))"
    )


class RemarkTable:
    """The remarks in the database of the memory; thread-safe as that is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, kind: RemarkKind, about: str, at: datetime) -> bool:
        """Write a remark down before it is made; returns False if it was made before. A crash after
        this loses the remark, and never repeats it."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM remarks WHERE rowid <= (SELECT max(rowid) FROM remarks) - ?", (MOST,)
            )
            cursor = connection.execute(
                "INSERT OR IGNORE INTO remarks (kind, about, at) VALUES (?, ?, ?)",
                (kind.value, _hashed(about), format_timestamp(at)),
            )
        return cursor.rowcount > 0

    def was_made(self, kind: RemarkKind, about: str) -> bool:
        """Whether this was said before."""
        with self._database.transaction() as connection:
            found = connection.execute(
                "SELECT 1 FROM remarks WHERE kind = ? AND about = ?", (kind.value, _hashed(about))
            ).fetchone()
        return found is not None

    def heard(self, kind: RemarkKind, about: str, *, answered: bool) -> None:
        """A remark was heard, and the user answered it, or has not so far."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE remarks SET answered = ? WHERE kind = ? AND about = ?",
                (answered, kind.value, _hashed(about)),
            )

    def all(self) -> list[PastRemark]:
        """Return all remarks, the oldest first."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT kind, at, answered FROM remarks ORDER BY at, rowid"
            ).fetchall()
        return [
            PastRemark(
                RemarkKind(kind),
                datetime.fromisoformat(at),
                None if answered is None else bool(answered),
            )
            for kind, at, answered in rows
        ]

    def clear(self) -> None:
        """Delete everything."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM remarks")


def _hashed(about: str) -> str:
    return hashlib.sha256(about.encode()).hexdigest()
