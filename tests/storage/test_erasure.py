"""What is erased of conversations is remembered no more, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.storage.erasure import erase_conversations
from avatar_app.storage.history import History
from avatar_app.storage.memory import Memory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path / "history.db")
    yield history
    history.close()


@pytest.fixture
def memory_file(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


def talk(history: History, memory_file: Path, at: datetime, about: str) -> int:
    """Two turns, and their episode a moment after the last one ended."""
    for number in (1, 2):
        said = TurnEnded(number, Outcome.FINISHED, f"{about} {number}", "Yes.", "Yes.")
        history.add(said, at + number * timedelta(minutes=1))
    ended = at + timedelta(minutes=2, milliseconds=40)
    with closing(Memory(memory_file)) as memory:
        memory.episodes.keep(at + timedelta(minutes=1), ended, about)
    assert history.conversation is not None
    return history.conversation


def remembered(memory_file: Path) -> set[str]:
    with closing(Memory(memory_file)) as memory:
        return {episode.summary for episode in memory.episodes.all()}


def test_episodes_go_with_their_conversation(history: History, memory_file: Path) -> None:
    """Though another one was led while it was left."""
    garden = talk(history, memory_file, NOON, "tomatoes on the balcony")
    history.begin()
    talk(history, memory_file, NOON + DAY, "a strange noise of the car")
    history.begin(garden)
    talk(history, memory_file, NOON + 2 * DAY, "freezing tomatoes")
    history.conversations.delete(garden)
    assert erase_conversations(history.conversations, memory_file) == 4
    assert remembered(memory_file) == {"a strange noise of the car"}
    assert len(history.conversations.list()) == 1


def test_what_was_restored_is_kept(history: History, memory_file: Path) -> None:
    id = talk(history, memory_file, NOON, "tomatoes on the balcony")
    history.conversations.delete(id)
    history.conversations.restore(id)
    assert erase_conversations(history.conversations, memory_file, [id]) == 0
    assert remembered(memory_file) == {"tomatoes on the balcony"}
    assert len(history.conversations.list()) == 1


def test_what_was_said_while_nothing_was_stored_is_kept(
    history: History, memory_file: Path
) -> None:
    id = talk(history, memory_file, NOON, "tomatoes on the balcony")
    with closing(Memory(memory_file)) as memory:
        memory.episodes.keep(NOON + DAY, NOON + DAY, "a strange noise of the car")
    history.conversations.delete(id)
    erase_conversations(history.conversations, memory_file, [id])
    assert remembered(memory_file) == {"a strange noise of the car"}


def test_a_memory_that_cannot_be_read_keeps_nothing_from_being_erased(
    history: History, memory_file: Path
) -> None:
    id = talk(history, memory_file, NOON, "tomatoes on the balcony")
    memory_file.unlink()
    memory_file.mkdir()
    history.conversations.delete(id)
    assert erase_conversations(history.conversations, memory_file, [id]) == 2
