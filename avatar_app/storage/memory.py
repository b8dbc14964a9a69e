"""Long-term memory in SQLite: the user's notes and facts; survives the loss of power."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

from avatar_app.storage.database import Database
from avatar_app.storage.episodes import EpisodeTable, create_episodes
from avatar_app.storage.facts import FactTable, create_remembered_facts
from avatar_app.storage.remarks import RemarkTable, create_remarks
from avatar_app.storage.vectors import Vectors, VectorTable, create_vectors
from avatar_app.tools.services import Fact, Note, RememberedFact


def _create_notes_and_facts(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, written TEXT NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE facts (subject TEXT, attribute TEXT, value TEXT NOT NULL,"
        " PRIMARY KEY (subject, attribute))"
    )


MIGRATIONS = (
    _create_notes_and_facts,
    create_remembered_facts,
    create_episodes,
    create_vectors,
    create_remarks,
)
"""Append only: the file stores how many were applied."""


class Memory:
    """Notes and facts in one SQLite file; thread-safe."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS)
        self.stated = FactTable(self._database)
        self.episodes = EpisodeTable(self._database)
        self.vectors = VectorTable(self._database)
        self.remarks = RemarkTable(self._database)
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

    def learn(self, fact: Fact, said: str = "", learned: datetime | None = None) -> None:
        """Store a fact, replacing an earlier value of the same subject and attribute.

        `said`: the user's words; `learned`: when, with time zone.
        """
        self.stated.learn(fact, said, learned)

    def facts(self, subject: str = "", attribute: str = "") -> list[Fact]:
        """Return the facts of a subject and attribute; empty strings match all."""
        return [each.fact for each in self.stated.find(subject, attribute)]

    def remembered(self, subject: str, attribute: str = "") -> list[RememberedFact]:
        """Return facts with their sources, the oldest first."""
        return self.stated.find(subject, attribute)

    def source(self, subject: str = "", attribute: str = "") -> RememberedFact | None:
        """Return a fact with the words it was learned from; without arguments the one that was
        learned or recalled last."""
        if not (subject or attribute):
            return self.stated.latest()
        return next(reversed(self.stated.find(subject, attribute)), None)

    def near(self, model: str, question: Vectors, most: int) -> list[RememberedFact]:
        """Return the facts nearest in meaning to a question, a vector of shape (dimensions,) made
        by `model`; the nearest first."""
        return self.stated.of(self.vectors.nearest(model, question, most))

    def forget(self, subject: str = "", attribute: str = "") -> int:
        """Delete facts; returns how many. Empty strings match all."""
        return self.stated.forget(subject, attribute)

    def _change(self, statement: str, *values: str | int) -> int:
        with self._database.transaction() as connection:
            return connection.execute(statement, values).rowcount
