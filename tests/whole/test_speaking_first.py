"""The avatar asks how the exam was, says why, stops when told to, and yields: all by voice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from real_models import LIGHT, talking
from spoken import spoken
from spoken_room import Room

from avatar_app.core.events import Announced, Outcome, TurnEnded, WordsPlayed
from avatar_app.core.values import BLOCK_SECONDS
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.recordings import ReportLine
from avatar_app.session.speaking_first.wishes import StoredWishes
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import app_paths
from avatar_app.tools.services import Fact

NOW = datetime.now(UTC).astimezone()
QUESTION = "How was your exam?"
AT_ANY_HOUR = {
    "speaks_first.follow_ups": True,
    "speaks_first.quiet_from": 0,
    "speaks_first.quiet_until": 0,
}


@pytest.fixture
def store() -> SettingsStore:
    """Of a user who had an exam yesterday, told it days before, and wants to be asked."""
    memory = Memory(app_paths().memory_file)
    exam = NOW - timedelta(days=1)
    memory.learn(
        Fact("user", "exam", f"on {exam:%A, %B} {exam.day}"),
        f"My exam is on {exam:%A}",
        NOW - timedelta(days=4),
    )
    memory.close()
    store = SettingsStore(app_paths().settings_file)
    store.change(AT_ANY_HOUR)
    return store


@pytest.fixture
def room(store: SettingsStore, tmp_path: Path) -> Iterator[Room]:
    with ExitStack() as opened:
        wishes = StoredWishes(store, Registry())
        offline = opened.enter_context(talking(LIGHT, BLOCK_SECONDS, wishes=wishes))
        yield Room(offline, tmp_path, opened)


def ask(room: Room) -> None:
    """The user shows at the window, and after a while is asked."""
    initiative = room.offline.initiative
    room.pass_time(0.2)
    initiative.attend(visible=True)
    initiative.consider()


def test_it_asks_explains_and_stops_by_word(room: Room, store: SettingsStore) -> None:
    ask(room)
    room.wait(lambda: room.announced() == [QUESTION])
    kinds = [type(event) for _, event in room.offline.events]
    assert Announced in kinds
    assert WordsPlayed in kinds, "it has captions"
    assert "My exam is on" in room.say("why do you ask")
    assert room.say("it went well thank you") in (
        "I'm glad to hear that.",
        "That's good news. Tell me more, if you like.",
    )
    ask(room)
    room.pass_time(3.0)
    assert room.announced() == [QUESTION], "never twice"
    assert "how things went is switched off" in room.say("stop asking me that")
    assert not store.settings.speaks_first.follow_ups
    saved = SettingsStore(app_paths().settings_file)
    assert not saved.settings.speaks_first.follow_ups, "for good"
    assert "asking how things went" in room.say("undo")
    assert store.settings.speaks_first.follow_ups


def test_who_speaks_over_it_is_listened_to(room: Room) -> None:
    ask(room)
    room.wait(lambda: any(isinstance(event, WordsPlayed) for _, event in room.offline.events), 0.01)
    room.run(ReportLine("question", spoken("tell me what time it is now please")))
    remark, *answers = room.offline.ended
    assert remark.outcome is Outcome.INTERRUPTED
    assert QUESTION.startswith(remark.heard_text)
    assert remark.heard_text != QUESTION
    assert any(turn.user_text for turn in answers)


def test_nothing_comes_of_its_own_while_it_is_off(room: Room, store: SettingsStore) -> None:
    store.set("speaks_first.follow_ups", value=False)
    ask(room)
    room.pass_time(3.0)
    assert not [event for _, event in room.offline.events if isinstance(event, TurnEnded)]
