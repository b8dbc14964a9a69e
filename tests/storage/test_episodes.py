"""Episodes are summed up by rules, found by two words in common, replaced, and fade."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avatar_app.core.events import (
    ConversationBegan,
    Outcome,
    State,
    StateChanged,
    TurnEnded,
    TurnWithdrawn,
)
from avatar_app.session.episode_writer import EpisodeWriter
from avatar_app.storage.episodes import FADES_AFTER, summary_of
from avatar_app.storage.memory import Memory

MAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
SAID = (
    "hi",
    "I want to plant tomatoes on the balcony this spring.",
    "yes",
    "Which tomatoes grow well in pots?",
    "okay thanks",
)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with closing(Memory(tmp_path / "memory.db")) as memory:
        yield memory


def test_a_summary_holds_what_says_most_in_its_order() -> None:
    summary = summary_of(SAID)
    assert summary == (
        "I want to plant tomatoes on the balcony this spring; Which tomatoes grow well in pots"
    )
    assert summary_of(("hi", "yes", "what time is it")) == ""


def test_an_episode_is_found_by_two_words_and_notes_that_it_was_used(memory: Memory) -> None:
    memory.episodes.keep(MAY, MAY, summary_of(SAID))
    memory.episodes.keep(MAY + timedelta(1), MAY + timedelta(1), "My car makes a strange noise")
    later = MAY + timedelta(days=9)
    (found,) = memory.episodes.related("How are the tomatoes on my balcony?", later)
    assert found.summary.startswith("I want to plant")
    assert memory.episodes.related("tomatoes", later) == [], "one word is chance"
    assert memory.episodes.related("the submarine is yellow", later) == []
    assert [each.used for each in memory.episodes.all()] == [None, later]


def test_what_nobody_asks_for_fades(memory: Memory) -> None:
    memory.episodes.keep(MAY, MAY, "planting tomatoes on the balcony")
    memory.episodes.keep(MAY + timedelta(1), MAY + timedelta(1), "a strange noise of the car")
    memory.episodes.related("tomatoes balcony", MAY + timedelta(days=100))
    assert memory.episodes.fade(MAY + FADES_AFTER + timedelta(days=2)) == 1
    (left,) = memory.episodes.all()
    assert left.summary.startswith("planting")
    memory.episodes.clear()
    assert memory.episodes.all() == []


def test_a_deleted_episode_comes_back_as_it_was(memory: Memory) -> None:
    memory.episodes.keep(MAY, MAY + timedelta(hours=1), "planting tomatoes on the balcony")
    memory.episodes.related("tomatoes balcony", MAY + timedelta(days=9))
    (before,) = memory.episodes.all()
    memory.episodes.forget(before.id)
    memory.episodes.restore(before)
    (back,) = memory.episodes.all()
    assert (back.summary, back.at, back.used) == (before.summary, before.at, before.used)
    assert memory.episodes.related("my balcony tomatoes", MAY) != []
    memory.episodes.keep(MAY, MAY, "planting tomatoes and basil")
    assert len(memory.episodes.all()) == 1, "it is still that of the same conversation"


def ended(text: str, number: int = 1) -> TurnEnded:
    return TurnEnded(number, Outcome.FINISHED, text, "", "")


def test_it_is_written_when_nobody_speaks_and_replaced_when_more_is_said(memory: Memory) -> None:
    now = [MAY]
    writer = EpisodeWriter(memory.episodes, lambda: now[0], quiet=1000.0)
    for text in SAID:
        writer(ended(text))
    writer(StateChanged(State.IDLE))
    assert memory.episodes.all() == [], "nothing is written in a turn, or soon after"
    writer.write()
    assert len(memory.episodes.all()) == 1
    now[0] += timedelta(minutes=5)
    writer(ended("And can I freeze a whole basket of tomatoes?"))
    writer.close()
    (episode,) = memory.episodes.all()
    assert "freeze" in episode.summary
    assert episode.at == now[0]


def test_another_conversation_is_another_episode(memory: Memory) -> None:
    now = [MAY]
    writer = EpisodeWriter(memory.episodes, lambda: now[0], quiet=1000.0)
    for text in SAID:
        writer(ended(text))
    writer(ConversationBegan())
    now[0] += timedelta(hours=1)
    for text in ("My car makes a strange noise", "It is the left wheel of the car"):
        writer(ended(text))
    writer.close()
    assert [each.summary[:6] for each in memory.episodes.all()] == ["My car", "I want"]


def test_corrected_words_replace_those_that_were_misheard(memory: Memory) -> None:
    writer = EpisodeWriter(memory.episodes, lambda: MAY, quiet=1000.0)
    writer(ended("I want to plant tomatoes on the balcony this spring.", 1))
    writer(ended("Which potatoes grow well in boots?", 2))
    writer.write()
    writer(TurnWithdrawn(2))
    writer(ended("Which tomatoes grow well in pots?", 3))
    writer.close()
    (episode,) = memory.episodes.all()
    assert episode.summary.endswith("Which tomatoes grow well in pots")
    assert "boots" not in episode.summary


def test_an_episode_of_misheard_words_is_deleted(memory: Memory) -> None:
    writer = EpisodeWriter(memory.episodes, lambda: MAY, quiet=1000.0)
    writer(ended("I want to plant tomatoes on the balcony this spring.", 1))
    writer(ended("Which potatoes grow well in boots?", 2))
    writer.write()
    writer(TurnWithdrawn(2))
    writer(ended("stop", 3))
    writer.close()
    assert memory.episodes.all() == []


def test_a_pasted_book_is_looked_for_by_its_first_words(memory: Memory) -> None:
    """Each pair of its words would be a term of the search: that took minutes."""
    memory.episodes.keep(MAY, MAY, summary_of(SAID))
    book = "The tomatoes on my balcony: " + " ".join(f"word{number}" for number in range(5000))
    queries: list[str] = []
    with memory.stated._database.transaction() as connection:
        connection.set_trace_callback(queries.append)
    (found,) = memory.episodes.related(book, MAY)
    assert found.summary.startswith("I want to plant")
    assert memory.stated.related(book) == []
    assert max(map(len, queries)) < 20_000
