"""Stores measurements of this machine in SQLite: stage times of turns, engine profiles, speed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from avatar_app.core.manifest import Kind
from avatar_app.storage.database import Database, Migration
from avatar_app.storage.stage_times import Span, StageTimes, find_span, summarize
from avatar_app.storage.timestamps import format_timestamp, since
from avatar_app.system.paths import AppPaths

FILE = "measurements.db"


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(
        """
        CREATE TABLE stages (
            number INTEGER PRIMARY KEY,
            at TEXT NOT NULL,      -- ISO 8601, UTC
            span TEXT NOT NULL,    -- name of a monitor.Span
            engine TEXT NOT NULL,  -- whose first output it is; empty where nobody's alone
            model TEXT NOT NULL,
            ms REAL NOT NULL
        )
        """
    )
    connection.execute("CREATE INDEX stages_by_time ON stages (at)")
    connection.execute(
        """
        CREATE TABLE trials (
            kind TEXT NOT NULL,
            engine TEXT NOT NULL,
            choice TEXT NOT NULL,  -- the options that matter, as fitting.needs.choice_key
            at TEXT NOT NULL,
            ram_mb REAL NOT NULL,
            vram_mb REAL NOT NULL,
            model_mb REAL NOT NULL,
            first_output_ms REAL,
            realtime_factor REAL,
            cancel_ms REAL,
            PRIMARY KEY (kind, engine, choice)
        )
        """
    )
    connection.execute(
        "CREATE TABLE speeds (fingerprint TEXT PRIMARY KEY, at TEXT NOT NULL, gflops REAL NOT NULL)"
    )


def _rename_embedded(connection: sqlite3.Connection) -> None:
    """Rename the dialogue engine to `builtin`; where both were profiled, its own profile stays."""
    connection.execute("UPDATE stages SET engine = 'builtin' WHERE engine = 'embedded'")
    of_embedded = "kind = 'dialogue' AND engine = 'embedded'"
    connection.execute(f"UPDATE OR IGNORE trials SET engine = 'builtin' WHERE {of_embedded}")
    connection.execute(f"DELETE FROM trials WHERE {of_embedded}")


def _add_tokens(connection: sqlite3.Connection) -> None:
    """How fast a dialogue writes."""
    connection.execute("ALTER TABLE trials ADD COLUMN tokens_per_second REAL")


def _add_failures(connection: sqlite3.Connection) -> None:
    """What failed in conversations; without texts, which may say something of the user."""
    connection.execute(
        """
        CREATE TABLE failures (
            at TEXT NOT NULL,      -- ISO 8601, UTC
            stage TEXT NOT NULL,
            engine TEXT NOT NULL,  -- empty where it is none's
            error TEXT NOT NULL    -- the name of its class
        )
        """
    )


MIGRATIONS: list[Migration] = [_create, _rename_embedded, _add_tokens, _add_failures]
"""Each leads from the version that is its index to the next; append only."""


@dataclass(frozen=True, slots=True)
class EngineProfile:
    """Measured resource use and speed of an engine."""

    ram_mb: float
    """Peak memory: of its process, or what it adds to the program's."""
    vram_mb: float = 0.0
    model_mb: float = 0.0
    """Size of its model's files."""
    first_output_ms: float | None = None
    realtime_factor: float | None = None
    """Seconds of work for a second of sound or pictures."""
    cancel_ms: float | None = None
    tokens_per_second: float | None = None
    """Of a dialogue, after its first output."""


@dataclass(frozen=True, slots=True)
class EngineTimes:
    """How long an engine took to its first output, over some turns."""

    engine: str
    model: str
    times: StageTimes


@dataclass(frozen=True, slots=True)
class FailureCount:
    """How often an engine failed in one way."""

    stage: str
    engine: str
    """Empty where it is none's."""
    error: str
    """The name of the error's class."""
    count: int
    last_at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True)
class Used:
    """An engine and its model."""

    name: str
    model: str = ""


_TRIAL = "ram_mb, vram_mb, model_mb, first_output_ms, realtime_factor, cancel_ms, tokens_per_second"


class Measurements:
    """Thread-safe. Raises InputInvalid where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS)
        self.notice = self._database.notice

    @classmethod
    def of(cls, paths: AppPaths) -> Measurements:
        return cls(paths.data / FILE)

    def add_times(
        self, times: Mapping[Span, float], used: Mapping[Kind, Used], at: datetime
    ) -> None:
        """Store the milliseconds of one turn's spans, and the engines they belong to."""
        rows = []
        for span, ms in times.items():
            engine = used.get(span.kind) if span.kind else None
            name, model = (engine.name, engine.model) if engine else ("", "")
            rows.append((format_timestamp(at), span.name, name, model, ms))
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO stages (at, span, engine, model, ms) VALUES (?, ?, ?, ?, ?)", rows
            )

    def add_failure(self, stage: str, engine: str, error: str, at: datetime) -> None:
        """Store that a stage failed: whose engine, and by which class of error."""
        row = (format_timestamp(at), stage, engine, error)
        with self._database.transaction() as connection:
            connection.execute("INSERT INTO failures VALUES (?, ?, ?, ?)", row)

    def failures(self, days: int = 0, now: datetime | None = None) -> tuple[FailureCount, ...]:
        """Return what failed over the last `days` (0: all), the most frequent first."""
        query = (
            "SELECT stage, engine, error, COUNT(*), MAX(at) FROM failures WHERE at >= ?"
            " GROUP BY stage, engine, error ORDER BY COUNT(*) DESC, MAX(at) DESC"
        )
        return tuple(FailureCount(*row) for row in self._rows(query, days, now))

    def stages(self, days: int = 0, now: datetime | None = None) -> tuple[StageTimes, ...]:
        """Return the times of each span over the last `days` (0: all)."""
        rows = self._rows("SELECT span, ms FROM stages WHERE at >= ?", days, now)
        return summarize((find_span(name), ms) for name, ms in rows)

    def engines(self, days: int = 0, now: datetime | None = None) -> tuple[EngineTimes, ...]:
        """Return the times to each engine's first output over the last `days` (0: all)."""
        query = "SELECT engine, model, span, ms FROM stages WHERE at >= ? AND engine != ''"
        found: dict[tuple[str, str], list[tuple[Span | None, float]]] = {}
        for engine, model, span, ms in self._rows(query, days, now):
            found.setdefault((engine, model), []).append((find_span(span), ms))
        return tuple(
            EngineTimes(engine, model, times)
            for (engine, model), measured in sorted(found.items())
            for times in summarize(measured)
        )

    def keep_trial(self, kind: Kind, engine: str, choice: str, trial: EngineProfile) -> None:
        """Store an engine's profile; a later one of the same options replaces it."""
        row = (
            kind,
            engine,
            choice,
            format_timestamp(datetime.now(UTC)),
            trial.ram_mb,
            trial.vram_mb,
        )
        times = (trial.first_output_ms, trial.realtime_factor, trial.cancel_ms)
        rest = (trial.model_mb, *times, trial.tokens_per_second)
        with self._database.transaction() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO trials (kind, engine, choice, at, {_TRIAL})"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, *rest),
            )

    def trial(self, kind: Kind, engine: str, choice: str) -> EngineProfile | None:
        return self.trials(kind, engine).get(choice)

    def trials(self, kind: Kind, engine: str) -> dict[str, EngineProfile]:
        """Return the profiles of an engine by its options, the latest first."""
        query = (
            f"SELECT choice, {_TRIAL} FROM trials WHERE kind = ? AND engine = ? ORDER BY at DESC"
        )
        with self._database.transaction() as connection:
            rows = connection.execute(query, (kind, engine)).fetchall()
        return {choice: EngineProfile(*numbers) for choice, *numbers in rows}

    def keep_speed(self, fingerprint: str, gflops: float) -> None:
        """Store how fast the machine of that fingerprint computes."""
        row = (fingerprint, format_timestamp(datetime.now(UTC)), gflops)
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO speeds VALUES (?, ?, ?)", row)

    def speed(self, fingerprint: str) -> float | None:
        """Return GFLOP/s; None if it was never measured on such a machine."""
        query = "SELECT gflops FROM speeds WHERE fingerprint = ?"
        with self._database.transaction() as connection:
            row = connection.execute(query, (fingerprint,)).fetchone()
        return row[0] if row else None

    def prune(self, days: int, now: datetime | None = None) -> None:
        """Delete times and failures of turns older than `days` (0: none)."""
        if days:
            with self._database.transaction() as connection:
                for table in ("stages", "failures"):
                    connection.execute(f"DELETE FROM {table} WHERE at < ?", (since(days, now),))

    def forget(self) -> None:
        """Delete the times and failures of all turns; engine profiles stay, as they contain nothing
        of the user.
        """
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM stages")
            connection.execute("DELETE FROM failures")

    def close(self) -> None:
        self._database.close()

    def _rows(self, query: str, days: int, now: datetime | None) -> list[Any]:
        with self._database.transaction() as connection:
            return connection.execute(query, (since(days, now),)).fetchall()
