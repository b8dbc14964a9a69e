"""What is no loss is not waited for until the disk has it; all the rest is."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from avatar_app.storage.clip_queue import ClipQueue
from avatar_app.storage.database import Database
from avatar_app.storage.step_times import StepTimes

NORMAL, FULL = (1,), (2,)
"""How SQLite numbers its levels of `synchronous`."""


def table(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE kept (value)")


def level(connection: sqlite3.Connection) -> Any:
    return connection.execute("PRAGMA synchronous").fetchone()


def test_only_what_is_durable_waits_for_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    database = Database(path, (table,))
    with database.transaction(durable=False) as connection:
        assert level(connection) == NORMAL
        connection.execute("INSERT INTO kept VALUES (1)")
    with database.transaction() as connection:
        assert level(connection) == FULL
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT value FROM kept").fetchall() == [(1,)]
    other.close()
    database.close()


def test_a_failure_leaves_nothing_and_the_disk_is_waited_for_again(tmp_path: Path) -> None:
    database = Database(tmp_path / "kept.db", (table,))

    def fail() -> None:
        with database.transaction(durable=False) as connection:
            connection.execute("INSERT INTO kept VALUES (1)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.transaction() as connection:
        assert level(connection) == FULL
        assert connection.execute("SELECT * FROM kept").fetchall() == []
    database.close()


def test_progress_and_measurements_of_clips_do_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    plain = Database.transaction

    def transaction(self: Database, *, durable: bool = True) -> Any:
        asked.append(durable)
        return plain(self, durable=durable)

    times, queue = StepTimes(tmp_path / "studio.db"), ClipQueue(tmp_path / "studio.db", lambda: 9.0)
    number = queue.add("one", {}, tmp_path / "one.mp4")
    assert queue.take("worker") is not None
    monkeypatch.setattr(Database, "transaction", transaction)
    times.add("frames", "mira", 10, 2.0)
    queue.tell(number, "worker", "Drawing", 0.5)
    assert asked == [False, False]
    queue.finish(number, "worker", 3.0)
    assert asked[-1]
    assert times.seconds_per_unit("frames", "mira") == 0.2
    times.close()
    queue.close()
