"""What was said is kept, survives a kill; neither a broken file nor a full disk stops anybody."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Noticed, Outcome, TurnEnded
from avatar_app.core.values import Pictures
from avatar_app.storage import history_file
from avatar_app.storage.history import History
from avatar_app.storage.recorder import Recorder

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_turn(number: int, said: str = "hello", heard: str = "Hi there.") -> TurnEnded:
    return TurnEnded(
        turn_id=number,
        outcome=Outcome.INTERRUPTED,
        user_text=said,
        avatar_text="Hi there, how are you?",
        heard_text=heard,
        marks={"first_sound": 1.25},
        typed=True,
        pictures=Pictures(shown=30, dropped=1, skew_p50_ms=3.5, skew_p99_ms=20.0),
    )


@pytest.fixture
def notices() -> list[Noticed]:
    return []


@pytest.fixture
def history(tmp_path: Path, notices: list[Noticed]) -> Iterator[History]:
    history = History(tmp_path / "history.db", notices.append)
    yield history
    history.close()


def test_stored_turn_round_trips_across_restarts(history: History) -> None:
    history.add(a_turn(1), NOON)
    again = History(history.path)
    assert again.recent(10) == history.recent(10) == (a_turn(1),)
    again.close()


def test_recent_turns_come_oldest_first(history: History) -> None:
    for number in range(5):
        history.add(a_turn(number), NOON)
    assert [turn.turn_id for turn in history.recent(3)] == [2, 3, 4]


def test_erased_text_is_absent_from_the_files(history: History) -> None:
    for number in range(50):
        history.add(a_turn(number, said=f"my secret number {number}"), NOON)
    history.forget()
    assert history.recent(10) == ()
    for file in history.path.parent.iterdir():
        assert b"secret" not in file.read_bytes(), file


def test_old_turns_are_pruned_whatever_their_time_zone(history: History) -> None:
    history.add(a_turn(1), NOON - timedelta(days=31))
    history.add(a_turn(2), NOON - timedelta(days=29))
    assert history.prune(0, NOON) == 0
    assert history.prune(3_000_000_000, NOON) == 0
    assert history.prune(30, NOON.astimezone()) == 1
    assert [turn.turn_id for turn in history.recent(10)] == [2]


def test_threads_may_add_at_the_same_time(history: History) -> None:
    def add(first: int) -> None:
        for number in range(first, first + 20):
            history.add(a_turn(number), NOON)

    threads = [threading.Thread(target=add, args=(100 * each,)) for each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({turn.turn_id for turn in history.recent(1000)}) == 80


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from avatar_app.storage.history import History
from avatar_app.storage.recorder import Recorder
from avatar_app.core.events import Outcome, TurnEnded
history = History(Path(sys.argv[1]))
for number in range(100_000):
    turn = TurnEnded(number, Outcome.FINISHED, "said " * 400, "written", "heard")
    history.add(turn, datetime.now(UTC))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("turns_before_kill", [1, 7, 40])
def test_no_stored_turn_is_lost_by_a_kill(tmp_path: Path, turns_before_kill: int) -> None:
    path = tmp_path / "history.db"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for _ in range(turns_before_kill):
            writer.stdout.readline()
        writer.kill()
        confirmed = turns_before_kill + len(writer.stdout.read().splitlines())
    assert writer.returncode == -signal.SIGKILL
    history = History(path)
    numbers = [turn.turn_id for turn in history.recent(100_000)]
    assert not history.in_memory
    history.close()
    assert numbers == list(range(len(numbers)))
    assert confirmed <= len(numbers) <= confirmed + 1


@pytest.mark.parametrize(
    "content", [b"this is no database " * 300, b"SQLite format 3\0" + b"x" * 99]
)
def test_a_damaged_file_is_renamed(tmp_path: Path, notices: list[Noticed], content: bytes) -> None:
    path = tmp_path / "history.db"
    for _ in range(2):
        path.write_bytes(content)
        history = History(path, notices.append)
        history.add(a_turn(1), NOON)
        assert len(history.recent(10)) == 1
        assert not history.in_memory
        history.close()
    stored = sorted(file for file in tmp_path.iterdir() if "damaged" in file.name)
    assert [file.read_bytes() for file in stored] == [content, content]
    assert [notice.hint for notice in notices] == [f"The old one is {file}." for file in stored]


def test_damage_in_the_middle_of_the_file_is_found_when_it_is_opened(
    history: History, notices: list[Noticed]
) -> None:
    for number in range(200):
        history.add(a_turn(number, said="word " * 100), NOON)
    history.close()
    damaged = bytearray(history.path.read_bytes())
    damaged[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
    history.path.write_bytes(damaged)
    History(history.path, notices.append).close()
    assert "broken" in notices[0].message


def test_on_a_read_only_disk_turns_stay_in_memory(tmp_path: Path, notices: list[Noticed]) -> None:
    (tmp_path / "file").write_text("in the way")
    history = History(tmp_path / "file" / "history.db", notices.append)
    history.add(a_turn(1), NOON)
    assert history.recent(10) == (a_turn(1),)
    assert history.in_memory
    history.forget()
    assert history.recent(10) == ()
    history.close()
    assert len(notices) == 1


def test_a_disk_that_becomes_full_loses_nothing(history: History, notices: list[Noticed]) -> None:
    history.add(a_turn(1), NOON)
    (pages,) = history._file.connection.execute("PRAGMA page_count").fetchone()
    history._file.connection.execute(f"PRAGMA max_page_count = {pages}")
    history.add(a_turn(2, said="word " * 10_000), NOON)
    history.add(a_turn(3), NOON)
    assert [turn.turn_id for turn in history.recent(10)] == [1, 2, 3]
    assert history.in_memory
    assert len(notices) == 1
    assert "full" in notices[0].message
    history.forget()
    assert not history.path.exists()


def test_file_breaking_while_open_is_reported_once(
    history: History, notices: list[Noticed]
) -> None:
    history.add(a_turn(1), NOON)
    with sqlite3.connect(history.path) as other:
        other.execute("PRAGMA writable_schema = ON")
        other.execute("UPDATE sqlite_schema SET sql = 'nonsense' WHERE name = 'turns'")
        other.execute("PRAGMA schema_version = 99")
    other.close()
    recorder = Recorder(history)
    for number in (2, 3):
        recorder(a_turn(number))
    recorder.close()
    assert history.in_memory
    assert [turn.turn_id for turn in history.recent(5)] == [2, 3]
    assert [notice.message.split(":")[0] for notice in notices] == [
        "Conversations cannot be stored"
    ]


def test_an_unusable_history_is_reported_once(
    history: History, notices: list[Noticed], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.InternalError("nothing works")

    monkeypatch.setattr(history, "_insert", fail)
    recorder = Recorder(history)
    for number in range(3):
        recorder(a_turn(number))
    recorder.close()
    assert [notice.message.split(":")[0] for notice in notices] == [
        "Conversations cannot be stored",
        "Conversations are no longer recorded",
    ]


def test_without_a_listener_a_notice_is_logged(
    tmp_path: Path, expected_warnings: list[str]
) -> None:
    expected_warnings.append("Conversations cannot be stored")
    (tmp_path / "file").write_text("in the way")
    History(tmp_path / "file" / "history.db").close()


def test_a_file_of_a_newer_program_is_refused_and_left_alone(history: History) -> None:
    history.add(a_turn(1), NOON)
    history.close()
    with sqlite3.connect(history.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(AvatarError, match="newer version"):
        History(history.path)
    assert len(list(history.path.parent.glob("*damaged*"))) == 0


def test_an_old_file_is_migrated_and_keeps_its_turns(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.add(a_turn(1), NOON)
    history.close()

    def add_mood(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE turns ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'")

    monkeypatch.setattr(history_file, "MIGRATIONS", [*history_file.MIGRATIONS, add_mood])
    migrated = History(history.path)
    moods = migrated._file.connection.execute("SELECT mood FROM turns").fetchall()
    assert migrated.recent(10) == (a_turn(1),)
    migrated.close()
    assert moods == [("calm",)]


def test_stored_turn_has_its_time(history: History) -> None:
    at = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
    history.add(a_turn(1), at)
    assert [turn.at for turn in history.recent(1)] == [at]


def test_a_turn_with_half_a_character_loses_neither_it_nor_those_that_follow(
    history: History,
) -> None:
    recorder = Recorder(history)
    for number, said in enumerate(("cut \ud83d", "hello"), 1):
        recorder(a_turn(number, said))
    recorder.close()
    assert [turn.user_text for turn in history.recent(5)] == ["cut \ufffd", "hello"]
    assert not history.in_memory
    (found,) = history.conversations.search("cut \ud83d")
    history.conversations.rename(found.id, "named \ud83d")
    assert history.conversations.find(found.id).title == "named \ufffd"


def test_a_store_that_fails_is_asked_again_for_the_next_turn(expected_warnings: list[str]) -> None:
    expected_warnings.append("a turn could not be kept")

    class Failing:
        def __init__(self) -> None:
            self.kept: list[int] = []

        def add(self, turn: TurnEnded, at: datetime) -> None:
            if turn.turn_id == 1:
                raise RuntimeError("a bug")
            self.kept.append(turn.turn_id)

    store = Failing()
    recorder = Recorder(store)
    for number in (1, 2):
        recorder(a_turn(number))
    recorder.close()
    assert store.kept == [2]


def test_a_turn_waits_for_another_process_that_writes_for_long(
    history: History, notices: list[Noticed]
) -> None:
    history._file.connection.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(history.path, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    recorder = Recorder(history)
    recorder(a_turn(1))
    release = threading.Timer(0.3, other.rollback)
    release.start()
    recorder.close()
    release.join()
    other.close()
    assert notices == []
    assert not history.in_memory
    assert [turn.turn_id for turn in history.recent(5)] == [1]


def test_a_file_that_stays_locked_is_given_up(
    history: History, notices: list[Noticed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_file, "PATIENCE", 0.05)
    history._file.connection.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(history.path)
    other.execute("BEGIN IMMEDIATE")
    history.add(a_turn(1), NOON)
    other.close()
    assert history.in_memory
    assert "locked" in notices[0].message
