"""The context of runs in SQLite: each step's outputs are a checkpoint that survives a kill."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.storage.database import Database

CHECKPOINTS = "checkpoints.db"
LARGEST = 8 * 2**20
"""Characters of the outputs of a step as JSON."""


class StepState(StrEnum):
    """What became of a step."""

    DONE = "done"
    SKIPPED = "skipped"


def _create_runs(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE steps (workflow TEXT NOT NULL, step TEXT NOT NULL, state TEXT NOT NULL,"
        " outputs TEXT NOT NULL, PRIMARY KEY (workflow, step))"
    )
    connection.execute("CREATE TABLE starts (workflow TEXT PRIMARY KEY, context TEXT NOT NULL)")


MIGRATIONS = (_create_runs,)
"""Append only: the file stores how many were applied."""


class ContextStore:
    """The runs of a folder, one for each name of a workflow. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS)

    def begin(self, workflow: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """Keep the initial context of a run, and return it; that of a run which was begun before
        stays as it was."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO starts VALUES (?, ?)", (workflow, _json(context))
            )
            row = connection.execute(
                "SELECT context FROM starts WHERE workflow = ?", (workflow,)
            ).fetchone()
        return dict(json.loads(row[0]))

    def note(self, workflow: str, step: str, state: StepState, outputs: Mapping[str, Any]) -> None:
        """A step ended; what it made is on the disk when this returns."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?)",
                (workflow, step, state.value, _json(outputs)),
            )

    def steps(self, workflow: str) -> dict[str, tuple[StepState, dict[str, Any]]]:
        """Return the steps that ended, with their outputs, in the order in which they did."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT step, state, outputs FROM steps WHERE workflow = ? ORDER BY rowid",
                (workflow,),
            ).fetchall()
        return {step: (StepState(state), json.loads(outputs)) for step, state, outputs in rows}

    def forget(self, workflow: str) -> None:
        """Delete a run, so that the next one begins from its beginning."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM steps WHERE workflow = ?", (workflow,))
            connection.execute("DELETE FROM starts WHERE workflow = ?", (workflow,))

    def close(self) -> None:
        self._database.close()


def _json(values: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(values, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputInvalid(f"A step made what can't be kept: {error}.") from error
    if len(text) > LARGEST:
        raise InputInvalid(f"A step made more than {LARGEST >> 20} MB, which can't be kept.")
    return text
