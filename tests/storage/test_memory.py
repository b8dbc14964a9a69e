"""The memory keeps notes and facts through restarts, kills and damage."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from avatar_app.core.errors import InputInvalid
from avatar_app.storage.database import Database
from avatar_app.storage.memory import MIGRATIONS, Memory
from avatar_app.tools.services import Fact

NOW = datetime(2026, 5, 4, 14, 30, tzinfo=UTC)

WRITES_FOREVER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from avatar_app.storage.memory import Memory
memory = Memory(Path(sys.argv[1]))
while True:
    sys.stdout.write(memory.add_note("x" * 1000, datetime.now(UTC)).text[:1])
    sys.stdout.flush()
"""


@pytest.fixture
def memory(tmp_path):
    memory = Memory(tmp_path / "new folder" / "memory.db")
    yield memory
    memory.close()


def test_notes_are_listed_in_order_and_deleted(memory):
    milk, eggs = memory.add_note("milk", NOW), memory.add_note("eggs", NOW)
    assert memory.notes() == [milk, eggs]
    assert memory.delete_note(milk.id)
    assert not memory.delete_note(milk.id)
    assert memory.clear_notes() == 1
    assert memory.notes() == []


def test_a_fact_replaces_its_older_value(memory):
    memory.learn(Fact("user", "name", "Ana"))
    memory.learn(Fact("user", "name", "Anna"))
    memory.learn(Fact("sister", "lives in", "Oslo"))
    assert memory.facts("user") == [Fact("user", "name", "Anna")]
    assert memory.facts(attribute="lives in") == [Fact("sister", "lives in", "Oslo")]
    assert memory.forget("sister") == 1
    assert len(memory.facts()) == 1


def test_memory_survives_a_restart(tmp_path):
    first = Memory(tmp_path / "memory.db")
    note = first.add_note("milk", NOW)
    first.close()
    second = Memory(tmp_path / "memory.db")
    assert second.notes() == [note]
    assert second.notice == ""
    second.close()


def test_acknowledged_writes_survive_a_kill(tmp_path):
    path = tmp_path / "memory.db"
    command = [sys.executable, "-c", WRITES_FOREVER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        acknowledged = len(writer.stdout.read(25))
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += len(writer.stdout.read())
    memory = Memory(path)
    assert acknowledged >= 25
    assert len(memory.notes()) in (acknowledged, acknowledged + 1)
    assert memory.notice == ""
    memory.close()


def test_threads_can_share_the_memory(memory):
    def write():
        for _ in range(20):
            memory.add_note("note", NOW)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({note.id for note in memory.notes()}) == 80


def test_file_that_is_not_a_database_is_renamed(tmp_path):
    path = tmp_path / "memory.db"
    path.write_text("my diary, and no database at all " * 100)
    memory = Memory(path)
    memory.add_note("milk", NOW)
    assert "memory-damaged-1.db" in memory.notice
    assert (tmp_path / "memory-damaged-1.db").read_text().startswith("my diary")
    memory.close()


def test_a_damaged_database_is_renamed(tmp_path):
    path = tmp_path / "memory.db"
    memory = Memory(path)
    for _ in range(200):
        memory.add_note("a note of some length " * 20, NOW)
    memory.close()
    content = bytearray(path.read_bytes())
    content[4096:20000] = b"\x5a" * (20000 - 4096)
    path.write_bytes(content)
    mended = Memory(path)
    assert mended.notes() == []
    assert (tmp_path / "memory-damaged-1.db").read_bytes() == bytes(content)
    mended.close()


def test_unusable_path_is_reported_with_a_hint(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputInvalid) as error:
        Memory(tmp_path / "file" / "memory.db")
    assert error.value.hint
    with pytest.raises(InputInvalid):
        Memory(tmp_path)  # a folder


def test_a_newer_file_is_left_alone(tmp_path):
    path = tmp_path / "memory.db"
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(InputInvalid, match="newer"):
        Memory(path)
    assert path.read_bytes()[100:] == before[100:]


def test_a_failed_migration_leaves_nothing_behind(tmp_path):
    def breaks(connection):
        connection.execute("CREATE TABLE half (x)")
        raise ZeroDivisionError

    path: Path = tmp_path / "memory.db"
    with pytest.raises(ZeroDivisionError):
        Database(path, (*MIGRATIONS, breaks))
    database = Database(path, MIGRATIONS)
    with database.transaction() as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = {name for (name,) in tables}
    assert {"notes", "remembered"} <= names
    assert not {"half", "facts"} & names
    database.close()
