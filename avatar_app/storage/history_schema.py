"""The tables of the history: turns, the conversations they belong to, and an index of all words."""

from __future__ import annotations

import sqlite3

from avatar_app.storage.database import Migration


def _create_turns(connection: sqlite3.Connection) -> None:
    connection.execute(
        """
        CREATE TABLE turns (
            number INTEGER PRIMARY KEY,
            session TEXT NOT NULL,     -- one run of the program
            turn INTEGER NOT NULL,     -- counts within the session
            started_at TEXT NOT NULL,  -- ISO 8601, UTC
            outcome TEXT NOT NULL,
            typed INTEGER NOT NULL,
            user_text TEXT NOT NULL,
            avatar_text TEXT NOT NULL, -- what was written
            heard_text TEXT NOT NULL,  -- what left the loudspeaker
            marks TEXT NOT NULL,       -- JSON: what happened at which second of the session
            pictures TEXT NOT NULL     -- JSON: how the pictures were shown
        )
        """
    )
    connection.execute("CREATE INDEX turns_by_time ON turns (started_at)")


def _group_into_conversations(connection: sqlite3.Connection) -> None:
    """A run of the program is one conversation, unless the user goes on with an older one."""
    connection.execute(
        """
        CREATE TABLE conversations (
            id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again
            title TEXT NOT NULL DEFAULT '',        -- the user's; empty: the first words are shown
            pinned INTEGER NOT NULL DEFAULT 0,
            deleted_at TEXT NOT NULL DEFAULT ''    -- ISO 8601, UTC; kept aside until it is erased
        )
        """
    )
    connection.execute("ALTER TABLE turns ADD COLUMN conversation INTEGER NOT NULL DEFAULT 0")
    connection.execute("CREATE INDEX turns_by_session ON turns (session, turn)")
    sessions = connection.execute(
        "SELECT session FROM turns GROUP BY session ORDER BY min(number)"
    ).fetchall()
    for (session,) in sessions:
        id = connection.execute("INSERT INTO conversations DEFAULT VALUES").lastrowid
        connection.execute("UPDATE turns SET conversation = ? WHERE session = ?", (id, session))
    connection.execute("CREATE INDEX turns_of_conversation ON turns (conversation)")
    connection.execute(
        "CREATE INDEX times_of_conversation ON turns (conversation, session, started_at)"
    )


def _index_words(connection: sqlite3.Connection) -> None:
    """Full-text search (SQLite's FTS5) over what was said and heard; triggers keep it in step.
    Letters count without their accents, and words are found by their beginnings."""
    connection.execute(
        "CREATE VIRTUAL TABLE turn_words USING fts5 (user_text, heard_text, content = 'turns',"
        " content_rowid = 'number', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3')"
    )
    remove = (
        "INSERT INTO turn_words (turn_words, rowid, user_text, heard_text)"
        " VALUES ('delete', old.number, old.user_text, old.heard_text);"
    )
    add = (
        "INSERT INTO turn_words (rowid, user_text, heard_text)"
        " VALUES (new.number, new.user_text, new.heard_text);"
    )
    changed = "AFTER UPDATE OF user_text, heard_text"
    for name, moment, work in (
        ("turn_added", "AFTER INSERT", add),
        ("turn_removed", "AFTER DELETE", remove),
        ("turn_changed", changed, remove + add),
    ):
        connection.execute(f"CREATE TRIGGER {name} {moment} ON turns BEGIN {work} END")
    connection.execute("INSERT INTO turn_words (turn_words) VALUES ('rebuild')")


MIGRATIONS: list[Migration] = [_create_turns, _group_into_conversations, _index_words]
"""Each leads from the version that is its index to the next; only ever append."""
