"""The schema of studio.db: the queue of clips, and what the steps took."""

from __future__ import annotations

import sqlite3

from avatar_app.storage.database import Migration

FILE = "studio.db"


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(
        """
        CREATE TABLE clips (
            number INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            recipe TEXT NOT NULL,      -- JSON
            output TEXT NOT NULL,      -- path of the file to be written
            priority INTEGER NOT NULL, -- higher ones go first
            state TEXT NOT NULL,       -- waiting, running, done, failed or cancelled
            attempts INTEGER NOT NULL DEFAULT 0,
            added REAL NOT NULL,       -- seconds since the epoch, as all times here
            not_before REAL NOT NULL,
            owner TEXT NOT NULL DEFAULT '',  -- the worker's process, while it is running
            stopping INTEGER NOT NULL DEFAULT 0,
            step TEXT NOT NULL DEFAULT '',
            fraction REAL NOT NULL DEFAULT 0,
            error TEXT NOT NULL DEFAULT '',
            seconds REAL               -- of work, once it is done
        )
        """
    )
    connection.execute("CREATE INDEX clips_by_state ON clips (state, priority DESC, number)")
    connection.execute(
        """
        CREATE TABLE steps (
            number INTEGER PRIMARY KEY,
            at TEXT NOT NULL,       -- ISO 8601, UTC
            step TEXT NOT NULL,
            variant TEXT NOT NULL,  -- how it was done: an engine and what matters of its options
            units REAL NOT NULL,    -- characters, frames or pictures
            seconds REAL NOT NULL
        )
        """
    )
    connection.execute("CREATE INDEX steps_by_variant ON steps (step, variant, number)")


MIGRATIONS: list[Migration] = [_create]
"""Each leads from the version that is its index to the next; append only."""
