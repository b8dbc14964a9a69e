"""Stores how each synthesis of a server went: how long it took, never what was said."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

from avatar_app.storage.database import Database, Migration
from avatar_app.storage.timestamps import format_timestamp, since
from avatar_app.system.paths import AppPaths

FILE = "syntheses.db"


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(
        """
        CREATE TABLE syntheses (
            at TEXT NOT NULL,         -- ISO 8601, UTC
            client TEXT NOT NULL,     -- a paired device, or an address
            engine TEXT NOT NULL,
            voice TEXT NOT NULL,      -- empty: the one of the settings
            characters INTEGER NOT NULL,
            first_ms REAL,            -- until the first sound; NULL where there was none
            total_ms REAL NOT NULL,
            seconds REAL NOT NULL,    -- of sound
            outcome TEXT NOT NULL     -- finished, cancelled or failed
        )
        """
    )
    connection.execute("CREATE INDEX syntheses_by_time ON syntheses (at)")


MIGRATIONS: list[Migration] = [_create]
"""Each leads from the version that is its index to the next; append only."""


@dataclass(frozen=True, slots=True)
class Synthesis:
    """How one text was synthesized."""

    client: str
    engine: str
    voice: str
    characters: int
    first_ms: float | None
    total_ms: float
    seconds: float
    outcome: str
    """finished, cancelled or failed."""


class SynthesisLog:
    """Thread-safe. Raises InputInvalid where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS)

    @classmethod
    def of(cls, paths: AppPaths) -> SynthesisLog:
        return cls(paths.data / FILE)

    def add(self, synthesis: Synthesis, at: datetime | None = None) -> None:
        row = (format_timestamp(at or datetime.now(UTC)), *astuple(synthesis))
        with self._database.transaction() as connection:
            connection.execute("INSERT INTO syntheses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def latest(self, limit: int = 100) -> tuple[Synthesis, ...]:
        """Return the latest, the newest first."""
        query = "SELECT * FROM syntheses ORDER BY at DESC, rowid DESC LIMIT ?"
        with self._database.transaction() as connection:
            return tuple(Synthesis(*row[1:]) for row in connection.execute(query, (limit,)))

    def prune(self, days: int, now: datetime | None = None) -> None:
        """Delete what is older than `days` (0: nothing)."""
        if days:
            with self._database.transaction() as connection:
                connection.execute("DELETE FROM syntheses WHERE at < ?", (since(days, now),))

    def close(self) -> None:
        self._database.close()
