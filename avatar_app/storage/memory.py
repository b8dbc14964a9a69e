"""Keeps what the user wants kept: notes, and facts the user told; it survives the loss of power."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

from avatar_app.storage.database import Database
from avatar_app.tools.services import Fact, Note


def _create_notes_and_facts(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, written TEXT NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE facts (subject TEXT, attribute TEXT, value TEXT NOT NULL,"
        " PRIMARY KEY (subject, attribute))"
    )


MIGRATIONS = (_create_notes_and_facts,)
"""Only ever append: the number of those applied is kept in the file."""


class Memory:
    """Notes and facts in one SQLite file; any thread may call it."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS)
        self.notice = self._database.notice
        """One sentence for the user when a damaged file was put aside."""

    def close(self) -> None:
        self._database.close()

    def add_note(self, text: str, written: datetime) -> Note:
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO notes (text, written) VALUES (?, ?)", (text, written.isoformat())
            )
        return Note(cursor.lastrowid or 0, text, written)

    def notes(self) -> list[Note]:
        """All notes, the oldest first."""
        with self._database.transaction() as connection:
            rows = connection.execute("SELECT id, text, written FROM notes ORDER BY id").fetchall()
        return [Note(id, text, datetime.fromisoformat(written)) for id, text, written in rows]

    def delete_note(self, id: int) -> bool:
        """Whether there was such a note."""
        return self._change("DELETE FROM notes WHERE id = ?", id) > 0

    def clear_notes(self) -> int:
        """How many there were."""
        return self._change("DELETE FROM notes")

    def learn(self, fact: Fact) -> None:
        """Keep a fact; an earlier value of the same subject and attribute is replaced."""
        self._change(
            "INSERT OR REPLACE INTO facts VALUES (?, ?, ?)",
            fact.subject,
            fact.attribute,
            fact.value,
        )

    def facts(self, subject: str = "", attribute: str = "") -> list[Fact]:
        """The facts of a subject and attribute; empty strings match all."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT subject, attribute, value FROM facts"
                " WHERE ?1 IN ('', subject) AND ?2 IN ('', attribute) ORDER BY rowid",
                (subject, attribute),
            ).fetchall()
        return [Fact(*row) for row in rows]

    def forget(self, subject: str = "", attribute: str = "") -> int:
        """How many facts were forgotten; empty strings match all."""
        return self._change(
            "DELETE FROM facts WHERE ? IN ('', subject) AND ? IN ('', attribute)",
            subject,
            attribute,
        )

    def _change(self, statement: str, *values: str | int) -> int:
        with self._database.transaction() as connection:
            return connection.execute(statement, values).rowcount
