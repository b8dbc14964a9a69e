"""Conversations are listed, found by their words, renamed, pinned, deleted and brought back."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.storage.conversations import ConversationSummary
from avatar_app.storage.history import History
from avatar_app.storage.search_words import LONGEST, SearchWords, passage_of
from avatar_app.storage.titles import title_from

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD = Path(__file__).parents[1] / "data" / "data-972e2c0" / "user" / "history.db"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path / "history.db")
    yield history
    history.close()


def say(history: History, *exchanges: tuple[str, str], at: datetime = NOON) -> int:
    """A conversation of its own, a minute per turn; returns its id."""
    history.begin()
    for number, (said, heard) in enumerate(exchanges):
        turn = TurnEnded(number, Outcome.FINISHED, said, f"{heard} And more.", heard)
        history.add(turn, at + timedelta(minutes=number))
    assert history.conversation is not None
    return history.conversation


def found(history: History, text: str) -> list[int]:
    return [each.id for each in history.conversations.search(text)]


def marked(summary: ConversationSummary) -> list[str]:
    passage = summary.passage
    return [passage.text[start:end] for start, end in passage.marks]


def test_list_shows_title_times_and_last_words(history: History) -> None:
    first = say(history, ("", "Hello!"), ("what about the moon? I wonder.", "It is far."))
    second = say(history, ("Good evening", "Good evening."), at=NOON + timedelta(hours=3))
    latest, earlier = history.conversations.list()
    assert (latest.id, earlier.id) == (second, first)
    assert earlier.title == "What about the moon?"
    assert (earlier.turns, earlier.seconds) == (2, 60.0)
    assert (earlier.began, earlier.ended) == (NOON, NOON + timedelta(minutes=1))
    assert earlier.passage.text == "It is far."
    assert latest.title == "Good evening"


def test_unanswered_greeting_is_not_a_conversation(history: History) -> None:
    say(history, ("", "Hello, good to see you."))
    assert history.conversations.list() == ()


def test_search_matches_prefixes_ignoring_case_and_accents(history: History) -> None:
    first = say(history, ("Wo ist die ÜBUNG? 100% sicher", "Im Café an der Hauptstraße."))
    second = say(history, ("Where are the tulips", "In the garden, below the window."))
    assert found(history, "übung") == found(history, "ubun") == [first]
    assert found(history, "cafe HAUPTSTRASSE") == found(history, "hauptstraße") == [first]
    assert found(history, "gard wind") == found(history, "TULIP garden") == [second]
    assert found(history, "arden") == found(history, "garden cafe") == []
    assert found(history, "And more") == []  # written, but never heard
    assert found(history, "%") == [first]
    assert found(history, '"') == found(history, "( OR *") == found(history, "user_text:x") == []
    assert found(history, "  ") == [second, first]


def test_search_words_may_be_in_different_turns_or_the_title(history: History) -> None:
    id = say(history, ("the moon", "It is far."), ("and tides", "They follow the moon."))
    history.conversations.rename(id, "Sky")
    say(history, ("the sun", "It is farther."))
    assert found(history, "far tide") == found(history, "sky tide moon") == [id]
    assert found(history, "tide sun") == found(history, "sky sun") == []
    (result,) = history.conversations.search("tide moon")
    assert result.hits == 2
    turns = history.conversations.turns(id, after=result.first_hit - 1, limit=1)
    assert turns[0].turn.user_text == "and tides"  # where all of them stand


def test_search_works_in_languages_without_spaces(history: History) -> None:
    id = say(history, ("今天天气怎么样", "今天会下雨。"))
    assert found(history, "天气") == [id]
    assert marked(history.conversations.search("下雨")[0]) == ["下雨"]
    assert found(history, "明天") == []


def test_search_result_shows_a_highlighted_passage(history: History) -> None:
    long = "so many words before it " * 20
    say(history, ("Hi", "Hello."), ("Tell me", f"{long} the Größe of the moons {long}"))
    (result,) = history.conversations.search("moon grosse")
    assert marked(result) == ["Größe", "moons"]
    assert result.passage.text.startswith("…")
    assert len(result.passage.text) <= LONGEST + 2
    assert result.hits == 1
    turns = history.conversations.turns(result.id, after=result.first_hit - 1, limit=1)
    assert turns[0].turn.user_text == "Tell me"


def test_titles_are_found_and_marked_too(history: History) -> None:
    id = say(history, ("Good evening", "Good evening."))
    history.conversations.rename(id, "  Weekend   in Málaga ")
    (result,) = history.conversations.search("malag")
    assert result.title == "Weekend in Málaga"
    assert result.title_marks == ((11, 17),)
    history.conversations.rename(id, " ")
    assert history.conversations.find(id).title == "Good evening"


def test_pinned_conversations_come_first(history: History) -> None:
    first, second, third = (say(history, (f"Number {n}", "Yes.")) for n in range(3))
    history.conversations.pin(first, pinned=True)
    assert [each.id for each in history.conversations.list()] == [first, third, second]
    assert history.conversations.list()[0].pinned
    history.conversations.pin(first, pinned=False)
    assert [each.id for each in history.conversations.list()] == [third, second, first]


def test_deleted_conversations_can_be_restored_until_erased(history: History) -> None:
    keep, lose = say(history, ("Keep me", "Yes.")), say(history, ("My secret", "Hush, secret."))
    store = history.conversations
    store.delete(lose)
    assert [each.id for each in store.list()] == [keep]
    assert found(history, "secret") == []
    assert [turn.user_text for turn in history.recent(10)] == ["Keep me"]
    store.restore(lose)
    assert found(history, "secret") == [lose]
    store.delete(lose)
    store.delete(keep)
    assert store.erase_deleted([lose]) == 1
    store.restore(keep)
    assert [each.id for each in store.list()] == [keep]
    for file in history.path.parent.iterdir():
        assert b"secret" not in file.read_bytes().lower(), file


def test_turn_after_a_deletion_starts_a_new_conversation(
    history: History,
) -> None:
    first = say(history, ("One", "Yes."))
    history.conversations.delete(first)
    history.add(TurnEnded(9, Outcome.FINISHED, "Two", "Yes.", "Yes."), NOON)
    assert history.conversations.list() == ()
    history.conversations.erase_deleted([first])
    history.add(TurnEnded(9, Outcome.FINISHED, "Three", "Yes.", "Yes."), NOON)
    assert [each.title for each in history.conversations.list()] == ["Three"]


def test_an_old_conversation_is_continued_also_after_a_restart(history: History) -> None:
    id = say(history, ("One", "Yes."))
    say(history, ("Another", "Yes."))
    later = History(history.path)
    later.begin(id)
    later.add(TurnEnded(1, Outcome.FINISHED, "Two", "Yes.", "Yes."), NOON + timedelta(days=2))
    later.close()
    summary = history.conversations.list()[0]
    assert (summary.id, summary.turns, summary.seconds) == (id, 2, 0.0)
    texts = [each.turn.user_text for each in history.conversations.all_turns(id)]
    assert texts == ["One", "Two"]


def test_a_turn_that_was_misheard_is_withdrawn_with_its_words(history: History) -> None:
    id = say(history, ("Set a timer", "Yes."), ("wreck a nice beach", "What beach?"))
    history.withdraw(1)
    assert found(history, "beach") == []
    assert history.conversations.find(id).turns == 1


def test_long_conversations_are_read_in_pages(history: History) -> None:
    id = say(history, *((f"Number {n}", "Yes.") for n in range(5)))
    first = history.conversations.turns(id, limit=2)
    rest = history.conversations.turns(id, after=first[-1].number)
    texts = [each.turn.user_text for each in (*first, *rest)]
    assert texts == [f"Number {n}" for n in range(5)]
    last = history.conversations.last_turns(id, 2)
    assert [each.turn.user_text for each in last] == ["Number 3", "Number 4"]


def test_an_unknown_conversation_is_one_sentence(history: History) -> None:
    with pytest.raises(InputInvalid, match="no conversation 7"):
        history.conversations.find(7)


def test_a_history_of_the_first_version_becomes_searchable_conversations(tmp_path: Path) -> None:
    copy = tmp_path / "history.db"
    shutil.copy(OLD, copy)
    with sqlite3.connect(copy) as connection:
        rows = connection.execute("SELECT session, user_text, heard_text FROM turns").fetchall()
    connection.close()
    assert rows
    history = History(copy)
    summaries = history.conversations.list()
    stored = [each for one in summaries for each in history.conversations.all_turns(one.id)]
    assert sorted((s.session, s.turn.user_text, s.turn.heard_text) for s in stored) == sorted(rows)
    for session, said, _ in rows:
        ids = found(history, said)
        assert any(
            each.session == session for id in ids for each in history.conversations.all_turns(id)
        )
    history.close()


INDEX_CHECK = "INSERT INTO turn_words (turn_words, rank) VALUES ('integrity-check', 1)"


def test_search_index_stays_consistent(history: History) -> None:
    """Random work; FTS5 itself compares the index with the turns (it raises where they differ)."""
    rng = random.Random(4)
    words = ["moon", "Übung", "café", "don't", "", "a b", "x" * 300]
    store = history.conversations
    for step in range(120):
        ids = [each.id for each in store.list()] or [0]
        turn = TurnEnded(step, Outcome.FINISHED, rng.choice(words), "w", rng.choice(words))
        act = rng.randrange(6)
        if act == 0:
            history.begin(rng.choice([None, *ids]))
        elif act == 1:
            store.delete(rng.choice(ids))
        elif act == 2:
            store.erase_deleted()
        elif act == 3:
            history.withdraw(rng.randrange(step + 1))
        else:
            history.add(turn, NOON + timedelta(minutes=step))
        history._file.run(lambda of: of.execute(INDEX_CHECK), None)
        assert not history.in_memory


KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.storage.history import History
history = History(Path(sys.argv[1]))
for number in range(100_000):
    history.add(TurnEnded(number, Outcome.FINISHED, f"word{number}", "w", "h"), datetime.now(UTC))
    if number % 3 == 2:
        history.withdraw(number - 1)
    sys.stdout.write("x\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("turns_before_kill", [2, 11])
def test_kill_leaves_the_index_consistent(tmp_path: Path, turns_before_kill: int) -> None:
    path = tmp_path / "history.db"
    with subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        for _ in range(turns_before_kill):
            writer.stdout.readline()
        writer.kill()
    assert writer.returncode == -signal.SIGKILL
    history = History(path)
    history._file.run(lambda of: of.execute(INDEX_CHECK), None)
    assert not history.in_memory
    assert found(history, "word0")
    history.close()


def test_a_title_is_the_first_sentence_cut_at_a_word() -> None:
    assert title_from("remind me.  Please do it.") == "Remind me"
    assert title_from("Really? Yes.") == "Really?"
    long = title_from("and then we went all the way up to the top of the mountain, which was high")
    assert long == "And then we went all the way up to the top of the mountain…"


def test_passages_are_cut_at_words() -> None:
    assert passage_of("  short  text ").text == "short text"
    cut = passage_of("word " * 100).text
    assert cut.endswith("word…")
    assert len(cut) <= LONGEST + 1
    assert len(passage_of("x" * 500).text) == LONGEST + 1
    assert SearchWords("").marks("anything") == ()
    assert not SearchWords("").matches("anything")
