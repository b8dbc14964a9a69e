"""What an export says: every word that was heard, those that were not as such, and the times."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.storage.conversation_text import ExportFormat, Speakers, conversation_text
from avatar_app.storage.history import History
from avatar_app.storage.stored_turns import StoredTurn
from avatar_app.storage.timeline import BETWEEN_RUNS, timeline

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPEAKERS = Speakers("You", "Mira")
SPOKEN = {"user_started": 101.0, "user_stopped": 102.5, "first_sound": 103.0, "ended": 105.0}
TYPED = {"end_of_turn": 112.0, "first_sound": 112.5, "ended": 114.0}
TURNS = (
    TurnEnded(1, Outcome.FINISHED, "2 * 3?", "It is six.", "It is six.", SPOKEN),
    TurnEnded(
        2,
        Outcome.INTERRUPTED,
        "and #7",
        "Seven is odd, as you know.",
        "Seven is odd,",
        TYPED,
        typed=True,
    ),
)


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[tuple[History, int]]:
    history = History(tmp_path / "history.db")
    for number, turn in enumerate(TURNS):
        history.add(turn, NOON + timedelta(minutes=number))
    later = History(tmp_path / "history.db")
    later.begin(history.conversation)
    later.add(TurnEnded(1, Outcome.FINISHED, "again", "Yes.", "Yes.", SPOKEN), NOON)
    later.close()
    assert history.conversation is not None
    yield history, history.conversation
    history.close()


def exported(stored: tuple[History, int], format: ExportFormat) -> str:
    history, id = stored
    store = history.conversations
    return conversation_text(store.find(id), store.all_turns(id), format, SPEAKERS)


def test_markdown_strikes_unheard_words_and_escapes_markup(stored) -> None:
    text = exported(stored, ExportFormat.MARKDOWN)
    assert text.startswith("# 2 \\* 3?\n\n*2026-03-01 ")
    assert re.search(r"\*\*You\*\* · \d\d:\d\d  \n2 \\\* 3\?\n\n", text)
    assert "  \nSeven is odd, ~~as you know.~~\n" in text
    assert "· interrupted" in text
    assert "\nand \\#7\n" in text


def test_plain_text_contains_heard_words_only(stored) -> None:
    lines = exported(stored, ExportFormat.TEXT).splitlines()
    assert lines[0] == "2 * 3?"
    assert lines[3:5] == ["You: 2 * 3?", "Mira: It is six."]
    assert "Mira: Seven is odd, —" in lines


def test_json_contains_everything(stored) -> None:
    document = json.loads(exported(stored, ExportFormat.JSON))
    assert (document["format"], document["version"]) == ("avatar-app conversation", 1)
    first, second, third = document["turns"]
    assert first["marks"] == SPOKEN
    assert (second["avatar"], second["heard"]) == ("Seven is odd, as you know.", "Seven is odd,")
    assert (second["typed"], second["outcome"]) == (True, "interrupted")
    assert first["ended"] == NOON.isoformat()
    assert first["session"] == second["session"] != third["session"]


def test_subtitle_times_follow_the_sound(stored) -> None:
    history, id = stored
    said = timeline(history.conversations.all_turns(id), "You", "Mira")
    assert [(each.speaker, each.text) for each in said] == [
        ("You", "2 * 3?"),
        ("Mira", "It is six."),
        ("You", "and #7"),
        ("Mira", "Seven is odd,"),
        ("You", "again"),
        ("Mira", "Yes."),
    ]
    assert [(each.start, each.end) for each in said[:2]] == [(0.0, 1.5), (2.0, 4.0)]
    assert (said[2].end, said[3].start, said[3].end) == (11.0, 11.5, 13.0)
    assert said[4].start == said[3].end + BETWEEN_RUNS
    assert "00:00:02,000 --> 00:00:04,000\nMira: It is six." in exported(stored, ExportFormat.SRT)


def test_missing_times_are_estimated_without_overlap() -> None:
    turns = [
        StoredTurn(n, "one", TurnEnded(n, Outcome.FINISHED, "a b c", "d e f g", "d e f g"))
        for n in range(3)
    ]
    said = timeline(turns, "You", "Mira")
    assert len(said) == 6
    for one, following in itertools.pairwise(said):
        assert one.start < one.end <= following.start
    assert timeline([], "You", "Mira") == ()
