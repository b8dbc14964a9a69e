"""Episodes: what each conversation was about, in a sentence; those that nobody asks for fade.

Full-text search is SQLite's FTS5 with Porter's stemmer, ranked by BM25, as for facts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from avatar_app.storage.database import Database
from avatar_app.storage.related_words import index_words, search_words

FADES_AFTER = timedelta(days=180)
"""From when it was, or was last recalled."""
LONGEST_PART, MOST_PARTS = 90, 4
"""Characters of a sentence of the user, and sentences, in a summary."""
LEAST_WORDS = 3
"""That mean something, in a sentence that says what was talked about."""
MOST_PAIRED = 24
"""Words of a question that are looked for in pairs: the time for it grows with their square."""
LEAST_TURNS = 2
"""Of a conversation that is worth an episode."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A conversation as it is remembered."""

    id: int
    summary: str
    at: datetime
    """When it ended, with time zone."""
    used: datetime | None = None
    """When it was recalled last."""
    began: datetime | None = None
    """When the conversation began, by which it is known."""


def create_episodes(connection: sqlite3.Connection) -> None:
    """Keep a summary for each conversation, found by its words."""
    connection.execute(
        "CREATE TABLE episodes (id INTEGER PRIMARY KEY, began TEXT NOT NULL UNIQUE,"
        " at TEXT NOT NULL, summary TEXT NOT NULL, used TEXT NOT NULL DEFAULT '')"
    )
    connection.execute(
        "CREATE VIRTUAL TABLE episode_words USING fts5 (words,"
        " tokenize = 'porter unicode61 remove_diacritics 2')"
    )


def summary_of(said: Sequence[str]) -> str:
    """Return what the user's sentences were about, without a model: those that say most, in their
    order; empty where there are too few."""
    sentences = [" ".join(text.split()).rstrip(".!?") for text in said]
    telling = [each for each in sentences if len(set(search_words(each))) >= LEAST_WORDS]
    if len(telling) < LEAST_TURNS:
        return ""
    best = sorted(telling, key=lambda each: -len(set(search_words(each))))[:MOST_PARTS]
    parts = (each[:LONGEST_PART] for each in dict.fromkeys(telling) if each in best)
    return "; ".join(parts)


class EpisodeTable:
    """The episodes in the database of the memory; thread-safe as that is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, began: datetime, at: datetime, summary: str) -> None:
        """Keep an episode, in place of an earlier summary of the conversation that began then; an
        empty one only deletes that."""
        self._forget_of(began)
        if summary:
            self.restore(Episode(0, summary, at, began=began))

    def restore(self, episode: Episode) -> None:
        """Bring a deleted episode back."""
        began, used = episode.began or episode.at, episode.used
        self._forget_of(began)
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO episodes (began, at, summary, used) VALUES (?, ?, ?, ?)",
                (
                    began.isoformat(),
                    episode.at.isoformat(),
                    episode.summary,
                    used.isoformat() if used else "",
                ),
            )
            connection.execute(
                "INSERT INTO episode_words (rowid, words) VALUES (?, ?)",
                (cursor.lastrowid, index_words(episode.summary)),
            )

    def all(self) -> list[Episode]:
        """Return all episodes, the latest first."""
        return self._select("ORDER BY at DESC")

    def related(self, text: str, now: datetime, most: int = 1) -> list[Episode]:
        """Return the episodes that what the user says is probably about; they are used by it."""
        words = search_words(text)[:MOST_PAIRED]
        if len(words) < 2:
            return []  # one word in common is chance
        pairs = " OR ".join(
            f'("{one}" AND "{other}")' for at, one in enumerate(words) for other in words[at + 1 :]
        )
        found = self._select(
            "JOIN episode_words ON episode_words.rowid = id WHERE episode_words MATCH ?"
            " ORDER BY bm25(episode_words), at DESC LIMIT ?",
            pairs,
            most,
        )
        with self._database.transaction() as connection:
            for each in found:
                connection.execute(
                    "UPDATE episodes SET used = ? WHERE id = ?", (now.isoformat(), each.id)
                )
        return found

    def fade(self, now: datetime) -> int:
        """Delete what was long ago and is never asked for; returns how many."""
        old = [
            each.id for each in self.all() if now - max(each.at, each.used or each.at) > FADES_AFTER
        ]
        for id in old:
            self.forget(id)
        return len(old)

    def forget(self, id: int) -> None:
        """Delete an episode, if it exists."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM episodes WHERE id = ?", (id,))
            connection.execute("DELETE FROM episode_words WHERE rowid = ?", (id,))

    def clear(self) -> None:
        """Delete all episodes."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM episodes")
            connection.execute("DELETE FROM episode_words")

    def _forget_of(self, began: datetime) -> None:
        """Delete the episode of the conversation that began then, if it exists."""
        for former in self._select("WHERE began = ?", began.isoformat()):
            self.forget(former.id)

    def _select(self, rest: str, *values: object) -> list[Episode]:
        with self._database.transaction() as connection:
            rows = connection.execute(
                f"SELECT id, summary, at, used, began FROM episodes {rest}", values
            ).fetchall()
        return [
            Episode(
                id,
                summary,
                datetime.fromisoformat(at),
                datetime.fromisoformat(used) if used else None,
                datetime.fromisoformat(began),
            )
            for id, summary, at, used, began in rows
        ]
