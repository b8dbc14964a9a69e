"""Stores what each step of a clip took on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from avatar_app.storage.database import Database
from avatar_app.storage.studio_schema import FILE, MIGRATIONS
from avatar_app.storage.timestamps import format_timestamp
from avatar_app.system.paths import AppPaths

RECENT = 15
"""The latest measurements count: machines change."""
_KEPT = 200
"""Measurements of each variant."""


class StepTimes:
    """Thread-safe. Raises InputInvalid where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS)

    @classmethod
    def of(cls, paths: AppPaths) -> StepTimes:
        return cls(paths.data / FILE)

    def add(self, step: str, variant: str, units: float, seconds: float) -> None:
        """Store that a step took so long; what did nothing says nothing."""
        if units <= 0:
            return
        row = (format_timestamp(datetime.now(UTC)), step, variant, units, seconds)
        with self._database.transaction(durable=False) as connection:
            connection.execute(
                "INSERT INTO steps (at, step, variant, units, seconds) VALUES (?, ?, ?, ?, ?)", row
            )
            connection.execute(
                "DELETE FROM steps WHERE step = ? AND variant = ? AND number NOT IN (SELECT number"
                " FROM steps WHERE step = ? AND variant = ? ORDER BY number DESC LIMIT ?)",
                (step, variant, step, variant, _KEPT),
            )

    def seconds_per_unit(self, step: str, variant: str) -> float | None:
        """Return the median of the latest measurements; None where there is none."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT seconds / units FROM steps WHERE step = ? AND variant = ?"
                " ORDER BY number DESC LIMIT ?",
                (step, variant, RECENT),
            ).fetchall()
        return median(rate for (rate,) in rows) if rows else None

    def close(self) -> None:
        self._database.close()
