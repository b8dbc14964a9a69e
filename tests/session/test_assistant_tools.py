"""What the avatar can do: its controls stay within bounds, its memory opens wherever it can."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from avatar_app.core.events import (
    Control,
    ControlRequested,
    Event,
    Noticed,
    TurnWithdrawn,
)
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall
from avatar_app.session.assistant_tools import (
    CARD_CHARACTERS,
    FACTS,
    AssistantTools,
    VoiceControls,
)
from avatar_app.session.episode_writer import EpisodeWriter
from avatar_app.session.speaking_first.initiative import Initiative
from avatar_app.storage.believed_time import CONFIRMED_AFTER
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import app_paths


class RecordedControls:
    def __init__(self) -> None:
        self.moved: list[tuple[str, object]] = []

    def configure_voice(self, **options: object) -> None:
        self.moved += options.items()

    def set_volume(self, volume: float) -> None:
        self.moved.append(("volume", volume))

    def mute(self, *, muted: bool) -> None:
        self.moved.append(("mute", muted))


@pytest.fixture
def app() -> RecordedControls:
    return RecordedControls()


@pytest.fixture
def tools(app: RecordedControls) -> Iterator[AssistantTools]:
    tools = AssistantTools(app_paths(), app, lambda _event: None, lambda _text: None)
    yield tools
    tools.close()


def test_speed_and_volume_stay_within_bounds(app: RecordedControls) -> None:
    controls = VoiceControls(app, lambda _event: None)
    controls.set_speed(9)
    controls.change_speed(0.5)
    controls.change_speed(0.01)
    controls.set_volume(-1)
    controls.change_volume(0.25)
    controls.change_volume(9)
    assert app.moved == [
        ("speed", 2.0),
        ("speed", 1.0),
        ("speed", 0.5),
        ("volume", 0.0),
        ("volume", 0.25),
        ("volume", 1.5),
    ]


def test_controls_call_the_application_and_post_requests(app: RecordedControls) -> None:
    posted: list[Event] = []
    controls = VoiceControls(app, posted.append)
    controls.mute()
    controls.show(Control.FULL_SCREEN)
    assert app.moved == [("mute", True)]
    assert posted == [ControlRequested(Control.FULL_SCREEN)]


def test_tools_are_described_and_unknown_ones_reported(tools: AssistantTools) -> None:
    names = [tool.name for tool in tools.descriptions]
    assert len(names) == len(set(names)) > 10
    assert all(tool.description for tool in tools.descriptions)
    assert tools.notices == ()
    assert tools.call(ToolCall("no_such_tool")).error


def _remember(tools: AssistantTools, subject: str, attribute: str, value: str) -> None:
    arguments = {"subject": subject, "attribute": attribute, "value": value, "said": "I said it"}
    assert not tools.call(ToolCall("remember_fact", arguments)).error


def test_the_card_holds_what_matters_most_and_the_rest_is_recalled(tools: AssistantTools) -> None:
    assert tools.facts() == tools.recall("Where does my sister live?") == ""
    _remember(tools, "user", "name", "Anna")
    _remember(tools, "sister", "favorite flower", "peony")
    for number in range(80):
        _remember(tools, "user", f"token {number}", f"a thing of no great importance, {number}")
    card = tools.facts()
    assert "name: Anna" in card
    assert "token 79" in card, "the latest"
    assert "peony" not in card
    assert len(card) < CARD_CHARACTERS + len(FACTS)
    assert tools.recall("Which flower does my sister like?") == "sister's favorite flower: peony"
    assert tools.recall("Do you know my name?") == "", "it is on the card"


def test_the_card_begins_the_same_when_a_fact_is_added(tools: AssistantTools) -> None:
    _remember(tools, "user", "name", "Anna")
    _remember(tools, "sister", "lives in", "Oslo")
    before = tools.facts()
    _remember(tools, "user", "favorite color", "blue")
    assert tools.facts().startswith(before.rstrip("."))


def test_what_was_done_for_misheard_words_is_taken_back(tools: AssistantTools) -> None:
    _remember(tools, "user", "name", "Ann")

    def done(turn: int, name: str, **arguments: object) -> None:
        assert not tools.call(ToolCall(name, arguments, turn=Turn(turn))).error

    done(1, "add_note", text="milk")
    done(2, "remember_fact", subject="user", attribute="name", value="Hans")
    done(2, "remember_fact", subject="mister", attribute="lives in", value="Rome")
    done(2, "add_note", text="silk")
    done(2, "set_timer", seconds=3000)
    done(2, "add_reminder", text="call mom", at=f"{date.today().year + 1}-05-04T12:00")
    tools.hear(TurnWithdrawn(2))
    assert tools.facts() == FACTS.format("name: Ann")
    assert [note["text"] for note in tools.call(ToolCall("list_notes")).value] == ["milk"]
    assert tools.call(ToolCall("list_timers")).value == []
    assert tools.call(ToolCall("list_reminders")).value == []
    assert tools.call(ToolCall("undo_last")).value == "the note: milk"


def test_a_correction_leaves_what_was_said_since(tools: AssistantTools) -> None:
    name = {"subject": "user", "attribute": "name"}
    tools.call(ToolCall("remember_fact", {**name, "value": "Hans"}, turn=Turn(1)))
    tools.call(ToolCall("remember_fact", {**name, "value": "Ann"}, turn=Turn(2)))
    tools.hear(TurnWithdrawn(1))
    assert tools.facts() == FACTS.format("name: Ann")


def test_what_follows_the_talk_hears_it_where_another_part_fails(
    app: RecordedControls, monkeypatch: pytest.MonkeyPatch, expected_warnings: list[str]
) -> None:
    expected_warnings.append("a listener failed")
    heard: list[Event] = []

    def fail(_writer: EpisodeWriter, _event: Event) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(EpisodeWriter, "__call__", fail)
    monkeypatch.setattr(Initiative, "__call__", lambda _initiative, event: heard.append(event))
    tools = AssistantTools(app_paths(), app, lambda _event: None, lambda _text: None)
    tools.hear(TurnWithdrawn(1))
    tools.close()
    assert heard == [TurnWithdrawn(1)]


def test_close_works_before_and_after_start(app: RecordedControls) -> None:
    for start in (False, True):
        tools = AssistantTools(app_paths(), app, lambda _event: None, lambda _text: None)
        if start:
            tools.start()
        tools.close()


def test_clock_that_is_ahead_lets_no_episode_fade(app: RecordedControls) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with closing(Memory(app_paths().memory_file)) as memory:
        memory.episodes.keep(noon, noon, "tomatoes on the balcony")
        for day in (1000, 1001, 1002, 1000 + CONFIRMED_AFTER.days):
            assert memory.episodes.all()
            clock = partial(datetime.__add__, noon, timedelta(days=day))
            tools = AssistantTools(app_paths(), app, lambda _: None, lambda _: None, clock)
            tools.start()
            tools.close()
        assert not memory.episodes.all()


def test_unusable_storage_is_reported_and_tools_work(
    app: RecordedControls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AVATAR_DATA_DIR", str(tmp_path / "file" / "below"))
    tools = AssistantTools(app_paths(), app, lambda _event: None, lambda _text: None)
    assert len(tools.notices) == 3
    assert all("cannot be used" in notice for notice in tools.notices)
    note = next(tool for tool in tools.descriptions if "note" in tool.name)
    assert note.name
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    tools.close()


def test_why_asks_for_the_fact_that_the_talk_is_about(tools: AssistantTools) -> None:
    sister = {"subject": "sister", "attribute": "lives in", "value": "Oslo"}
    color = {"subject": "user", "attribute": "favorite color", "value": "teal"}
    tools.call(ToolCall("remember_fact", {**sister, "said": "My sister lives in Oslo"}))
    tools.call(ToolCall("remember_fact", {**color, "said": "My favorite color is teal"}))
    tools.recall("I will visit my sister on Sunday")
    tools.recall("Why do you know this?")
    known = tools.call(ToolCall("explain_fact")).value
    assert known["said"] == "My sister lives in Oslo"


def test_a_memory_that_breaks_costs_no_answer_and_is_reported_once(app: RecordedControls) -> None:
    posted: list[Event] = []
    tools = AssistantTools(app_paths(), app, posted.append, lambda _text: None)
    tools.call(ToolCall("remember_fact", {"subject": "user", "attribute": "pet", "value": "a cat"}))
    assert "a cat" in tools.facts()
    tools._memory.close()
    assert [tools.facts(), tools.recall("What does my cat eat?"), tools.facts()] == ["", "", ""]
    assert [type(event) for event in posted] == [Noticed]
    tools.close()
