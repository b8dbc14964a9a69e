"""Long-term memory in SQLite: the user's notes and facts; survives the loss of power."""

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
"""Append only: the file stores how many were applied."""


class Memory:
    """Notes and facts in one SQLite file; thread-safe."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS)
        self.notice = self._database.notice
        """One sentence for the user when a damaged file was moved aside."""

    def close(self) -> None:
        self._database.close()

    def add_note(self, text: str, written: datetime) -> Note:
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO notes (text, written) VALUES (?, ?)", (text, written.isoformat())
            )
        return Note(cursor.lastrowid or 0, text, written)

    def notes(self) -> list[Note]:
        """Return all notes, the oldest first."""
        with self._database.transaction() as connection:
            rows = connection.execute("SELECT id, text, written FROM notes ORDER BY id").fetchall()
        return [Note(id, text, datetime.fromisoformat(written)) for id, text, written in rows]

    def delete_note(self, id: int) -> bool:
        """Delete a note; returns whether it existed."""
        return self._change("DELETE FROM notes WHERE id = ?", id) > 0

    def clear_notes(self) -> int:
        """Delete all notes; returns how many."""
        return self._change("DELETE FROM notes")

    def learn(self, fact: Fact) -> None:
        """Store a fact, replacing an earlier value of the same subject and attribute."""
        self._change(
            "INSERT OR REPLACE INTO facts VALUES (?, ?, ?)",
            fact.subject,
            fact.attribute,
            fact.value,
        )

    def facts(self, subject: str = "", attribute: str = "") -> list[Fact]:
        """Return the facts of a subject and attribute; empty strings match all."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT subject, attribute, value FROM facts"
                " WHERE ?1 IN ('', subject) AND ?2 IN ('', attribute) ORDER BY rowid",
                (subject, attribute),
            ).fetchall()
        return [Fact(*row) for row in rows]

    def forget(self, subject: str = "", attribute: str = "") -> int:
        """Delete facts; returns how many. Empty strings match all."""
        return self._change(
            "DELETE FROM facts WHERE ? IN ('', subject) AND ? IN ('', attribute)",
            subject,
            attribute,
        )

    def _change(self, statement: str, *values: str | int) -> int:
        with self._database.transaction() as connection:
            return connection.execute(statement, values).rowcount
