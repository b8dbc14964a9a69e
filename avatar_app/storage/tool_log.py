"""The log of every tool that was called, in SQLite: what, with what, with whose consent."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from avatar_app.core.values import Permission, ToolCall, ToolEffect, ToolResult
from avatar_app.storage.database import Database

MOST = 2000
"""Calls that are kept."""
LONGEST = 1000
"""Characters of arguments, and of an outcome, that are kept."""
ASKED = "asked for consent"


def _create_calls(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE calls (id INTEGER PRIMARY KEY, at TEXT NOT NULL, tool TEXT NOT NULL,"
        " arguments TEXT NOT NULL, effect TEXT NOT NULL, consent TEXT NOT NULL,"
        " outcome TEXT NOT NULL, failed INTEGER NOT NULL)"
    )


MIGRATIONS = (_create_calls,)
"""Append only: the file stores how many were applied."""


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call as it is kept."""

    at: datetime
    """With time zone."""
    tool: str
    arguments: str
    """JSON, shortened."""
    effect: ToolEffect
    consent: Permission
    outcome: str
    """What it returned, or why it failed, shortened."""
    failed: bool = False


class ToolLog:
    """The latest calls in one SQLite file; thread-safe."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS)
        self.notice = self._database.notice
        """One sentence for the user when a damaged file was moved aside."""

    def add(self, call: ToolCall, effect: ToolEffect, result: ToolResult, at: datetime) -> None:
        """Log a call; the oldest are removed."""
        outcome = ASKED if result.asks else result.error or _written(result.value)
        row = (
            at.isoformat(),
            call.name,
            _written(call.arguments),
            effect.value,
            call.consent.value,
            outcome[:LONGEST],
            bool(result.error),
        )
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO calls (at, tool, arguments, effect, consent, outcome, failed)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            connection.execute(
                "DELETE FROM calls WHERE id <= (SELECT max(id) FROM calls) - ?", (MOST,)
            )

    def latest(self, most: int = 50) -> list[LoggedCall]:
        """Return the latest calls, the newest first."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT at, tool, arguments, effect, consent, outcome, failed FROM calls"
                " ORDER BY id DESC LIMIT ?",
                (most,),
            ).fetchall()
        return [_logged(*row) for row in rows]

    def clear(self) -> None:
        """Delete all calls."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM calls")

    def close(self) -> None:
        self._database.close()


def _logged(
    at: str, tool: str, arguments: str, effect: str, consent: str, outcome: str, failed: int
) -> LoggedCall:
    return LoggedCall(
        datetime.fromisoformat(at),
        tool,
        arguments,
        ToolEffect(effect),
        Permission(consent),
        outcome,
        bool(failed),
    )


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)[:LONGEST]
