"""The facts that the user stated, in SQLite: with their words and dates, contradictions replaced.

Full-text search is SQLite's FTS5 with Porter's stemmer, ranked by BM25
(https://sqlite.org/fts5.html).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from avatar_app.storage.database import Database
from avatar_app.storage.related_words import index_words, search_words
from avatar_app.tools.services import Fact, RememberedFact

_COLUMNS = "id, subject, attribute, value, said, learned"
MOST_RELATED = 4


_NAMES = frozenset(("name",))
_TIES = re.compile(r"birthday|born|lives? in|works?|job|married|allerg|vegetarian|language|speaks?")


def importance(fact: Fact) -> int:
    """Return how much a fact matters for any conversation: 2 who the user is, 1 how they and theirs
    live, 0 the rest."""
    if fact.attribute in _NAMES:
        return 2 if fact.subject == "user" else 1
    return 1 if _TIES.search(fact.attribute) else 0


def create_remembered_facts(connection: sqlite3.Connection) -> None:
    """Give each fact the user's words and a date; a replaced one stays until it is forgotten."""
    connection.execute(
        "CREATE TABLE remembered (id INTEGER PRIMARY KEY, subject TEXT NOT NULL,"
        " attribute TEXT NOT NULL, value TEXT NOT NULL, said TEXT NOT NULL, learned TEXT NOT NULL,"
        " words TEXT NOT NULL, replaced_by INTEGER)"
    )
    connection.execute(
        "CREATE UNIQUE INDEX current_facts ON remembered (subject, attribute)"
        " WHERE replaced_by IS NULL"
    )
    connection.execute(
        "CREATE VIRTUAL TABLE fact_words USING fts5 (words, content = 'remembered',"
        " content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2')"
    )
    remove = (
        "INSERT INTO fact_words (fact_words, rowid, words) VALUES ('delete', old.id, old.words);"
    )
    add = "INSERT INTO fact_words (rowid, words) VALUES (new.id, new.words);"
    connection.execute(f"CREATE TRIGGER fact_added AFTER INSERT ON remembered BEGIN {add} END")
    connection.execute(f"CREATE TRIGGER fact_removed AFTER DELETE ON remembered BEGIN {remove} END")
    known = connection.execute("SELECT subject, attribute, value FROM facts ORDER BY rowid")
    for subject, attribute, value in known.fetchall():
        _insert(connection, Fact(subject, attribute, value), "", "")
    connection.execute("DROP TABLE facts")


class FactTable:
    """The facts in the database of the memory; thread-safe as that is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._latest = 0
        """The fact that was learned, recalled or talked about last, in this run."""

    def learn(self, fact: Fact, said: str, learned: datetime | None) -> None:
        """Store a fact; what was said before of the same subject and attribute is replaced."""
        at = learned.isoformat() if learned else ""
        with self._database.transaction() as connection:
            before = connection.execute(
                "SELECT id, value FROM remembered WHERE subject = ? AND attribute = ?"
                " AND replaced_by IS NULL",
                (fact.subject, fact.attribute),
            ).fetchone()
            if before:
                connection.execute("UPDATE remembered SET replaced_by = 0 WHERE id = ?", before[:1])
            self._latest = _insert(connection, fact, said, at)
            if before:
                connection.execute(
                    "UPDATE remembered SET replaced_by = ? WHERE id = ?", (self._latest, before[0])
                )

    def find(self, subject: str = "", attribute: str = "") -> list[RememberedFact]:
        """Return the facts of a subject and attribute, the oldest first; empty ones match all."""
        found = self._select(
            "WHERE replaced_by IS NULL AND ?1 IN ('', subject) AND ?2 IN ('', attribute)"
            " ORDER BY id",
            subject,
            attribute,
        )
        if found and (subject or attribute):
            self._latest = found[-1].id
        return found

    def all(self) -> list[RememberedFact]:
        """Return everything that is known, the oldest first."""
        return self._select("WHERE replaced_by IS NULL ORDER BY id")

    def of(self, ids: Sequence[int]) -> list[RememberedFact]:
        """Return facts by their ids, in that order; those that are not current are left out."""
        places = ", ".join("?" * len(ids))
        found = self._select(f"WHERE replaced_by IS NULL AND id IN ({places})", *ids)
        return sorted(found, key=lambda known: ids.index(known.id))

    def replaced(self, subject: str, attribute: str) -> list[RememberedFact]:
        """Return what was said before, the oldest first."""
        return self._select(
            "WHERE replaced_by IS NOT NULL AND subject = ? AND attribute = ? ORDER BY id",
            subject,
            attribute,
        )

    def related(self, text: str, most: int = MOST_RELATED) -> list[RememberedFact]:
        """Return the facts that what the user says is probably about, the nearest first."""
        words = search_words(text)
        if not words:
            return []
        query = " OR ".join(f'"{word}"' for word in words)
        return self._select(
            "JOIN fact_words ON fact_words.rowid = id WHERE replaced_by IS NULL"
            " AND fact_words MATCH ? ORDER BY bm25(fact_words), id DESC LIMIT ?",
            query,
            most,
        )

    def mention(self, known: RememberedFact) -> None:
        """The conversation is about this fact now: “why do you know that?” asks for it."""
        self._latest = known.id

    def latest(self) -> RememberedFact | None:
        """Return the fact that was learned, recalled or talked about last in this run."""
        return next(iter(self._select("WHERE id = ? AND replaced_by IS NULL", self._latest)), None)

    def forget(self, subject: str = "", attribute: str = "") -> int:
        """Delete facts, and what they replaced; returns how many were known. Empty strings match
        all."""
        where = "? IN ('', subject) AND ? IN ('', attribute)"
        with self._database.transaction() as connection:
            count = connection.execute(
                f"SELECT count(*) FROM remembered WHERE replaced_by IS NULL AND {where}",
                (subject, attribute),
            ).fetchone()[0]
            connection.execute(f"DELETE FROM remembered WHERE {where}", (subject, attribute))
            connection.execute("INSERT INTO fact_words (fact_words) VALUES ('rebuild')")
        return int(count)

    def _select(self, rest: str, *values: Any) -> list[RememberedFact]:
        with self._database.transaction() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM remembered {rest}", values
            ).fetchall()
        return [
            RememberedFact(
                id,
                Fact(subject, attribute, value),
                said,
                datetime.fromisoformat(learned) if learned else None,
            )
            for id, subject, attribute, value, said, learned in rows
        ]


def _insert(connection: sqlite3.Connection, fact: Fact, said: str, learned: str) -> int:
    words = index_words(fact.subject, fact.attribute, fact.value, said)
    cursor = connection.execute(
        "INSERT INTO remembered (subject, attribute, value, said, learned, words)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (fact.subject, fact.attribute, fact.value, said, learned, words),
    )
    return cursor.lastrowid or 0
