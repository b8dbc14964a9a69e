"""Reads stored turns: a row of the history becomes the event that it was."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.core.values import Pictures

COLUMNS = (
    "turn, outcome, user_text, avatar_text, heard_text, marks, typed, pictures, started_at,"
    " number, session"
)


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn and where it stands in the history."""

    number: int
    """Grows from turn to turn."""
    session: str
    """The run of the program in which it was; `marks` of one run share a clock."""
    turn: TurnEnded


def read_turns(
    connection: sqlite3.Connection, clauses: str, values: tuple[object, ...] | dict[str, object]
) -> list[StoredTurn]:
    """The turns that `clauses` (WHERE, ORDER, LIMIT) choose."""
    rows = connection.execute(f"SELECT {COLUMNS} FROM turns {clauses}", values).fetchall()
    return [_stored_turn(*row) for row in rows]


def _stored_turn(
    turn: int,
    outcome: str,
    user_text: str,
    avatar_text: str,
    heard_text: str,
    marks: str,
    typed: int,
    pictures: str,
    started_at: str,
    number: int,
    session: str,
) -> StoredTurn:
    marked: dict[str, float] = json.loads(marks)
    shown: dict[str, Any] = json.loads(pictures)
    ended = TurnEnded(
        turn_id=turn,
        outcome=Outcome(outcome),
        user_text=user_text,
        avatar_text=avatar_text,
        heard_text=heard_text,
        marks=marked,
        typed=bool(typed),
        pictures=Pictures(**shown),
        at=datetime.fromisoformat(started_at),
    )
    return StoredTurn(number, session, ended)
