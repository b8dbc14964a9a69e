"""The tools describe themselves, check what they are given, and answer through one door."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

import pytest

from avatar_app.core.errors import EngineFailed
from avatar_app.core.events import Control
from avatar_app.core.values import Permission, ToolCall, ToolEffect
from avatar_app.storage.agenda import Agenda
from avatar_app.storage.memory import Memory
from avatar_app.tools.box import BUILT_IN, ToolBox
from avatar_app.tools.effects import ACTS, EFFECTS
from avatar_app.tools.services import Services

NOW = datetime(2026, 5, 4, 14, 30, tzinfo=UTC)


@dataclass
class Desk:
    """Controls that write down what was done with them."""

    done: list[tuple[str, Any]] = field(default_factory=list)
    speed: float = 1.5
    volume: float = 0.6

    def set_speed(self, factor: float) -> None:
        self.done.append(("speed", factor))

    def change_speed(self, factor: float) -> None:
        self.done.append(("speed by", factor))

    def set_volume(self, level: float) -> None:
        self.done.append(("volume", level))

    def change_volume(self, step: float) -> None:
        self.done.append(("volume by", step))

    def mute(self) -> None:
        self.done.append(("mute", None))

    def show(self, control: Control, text: str = "") -> None:
        self.done.append(("show", f"{control.value}: {text}" if text else control))


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def services(tmp_path, desk):
    memory = Memory(tmp_path / "memory.db")
    agenda = Agenda(tmp_path / "agenda.db", lambda _: None, lambda: NOW)
    yield Services(lambda: NOW, memory, agenda, desk)
    agenda.close()
    memory.close()


@pytest.fixture
def call(services):
    box = ToolBox(services)
    return lambda tool, /, **arguments: box.call(ToolCall(tool, arguments))


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


def brew(
    services: Services, kind: Literal["tea", "coffee"], cups: int = 1, size: Size = Size.SMALL,
    extras: list[str] | None = None, *, strong: bool = False,
) -> str:  # fmt: skip
    """Brew something hot.

    Args:
        kind: What to brew.
        cups: How many cups.
    """
    return f"{cups} {size.value} {kind} {extras} {strong} at {services.clock():%H}"


def test_tool_description_is_derived_from_signature_and_docstring(services):
    (description,) = ToolBox(services, [brew], {"brew": ToolEffect.READ}).descriptions
    schema = description.parameters
    assert (description.name, description.description) == ("brew", "Brew something hot.")
    assert schema["type"] == "object"
    assert schema["required"] == ["kind"]
    assert schema["properties"]["kind"]["enum"] == ["tea", "coffee"]
    assert schema["properties"]["kind"]["description"] == "What to brew."
    assert schema["properties"]["cups"]["default"] == 1
    assert "services" not in json.dumps(schema)


def test_arguments_are_checked_and_converted(services):
    box = ToolBox(services, [brew], {"brew": ToolEffect.READ})
    result = box.call(ToolCall("brew", {"kind": "tea", "size": "large", "extras": ["milk"]}))
    assert result.value == "1 large tea ['milk'] False at 14"
    for wrong in ({}, {"kind": "beer"}, {"kind": "tea", "cups": "many"}, {"kind": "tea", "x": 1}):
        result = box.call(ToolCall("brew", wrong))
        assert result.value is None
        assert result.error.startswith("brew: the argument ")
        assert "\n" not in result.error


def test_avatar_errors_become_results_and_bugs_are_raised(services):
    def fails() -> None:
        """Fail."""
        raise EngineFailed("The kettle is cold.", "Switch it on.")

    def breaks() -> None:
        """Break."""
        raise ZeroDivisionError

    box = ToolBox(services, [fails, breaks], dict.fromkeys(("fails", "breaks"), ToolEffect.READ))
    assert box.call(ToolCall("fails")).error == "The kettle is cold. Switch it on."
    with pytest.raises(ZeroDivisionError):
        box.call(ToolCall("breaks"))
    assert box.call(ToolCall("flies")).error == "Unknown tool 'flies'."


def test_every_built_in_tool_is_described_for_a_language_model(services):
    descriptions = ToolBox(services).descriptions
    assert len({description.name for description in descriptions}) == len(descriptions) > 15
    for description in descriptions:
        assert description.description.endswith(".")
        assert json.loads(json.dumps(description.parameters)) == description.parameters
        for argument in description.parameters["properties"].values():
            assert argument["description"], description.name


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("17 * 23", 391),
        ("2 ** 10", 1024),
        ("0.1 + 0.2", 0.3),
        ("15 / 100 * 200", 30),
        ("sqrt(144) + factorial(5)", 132),
        ("sin(30)", 0.5),
        ("-(5) + 3", -2),
        ("10 / 4", 2.5),
        ("round(2.71828, 2)", 2.72),
        ("round(1234, -2)", 1200),
        ("round(2.5)", 2),
    ],
)
def test_sums_are_computed(call, expression, result):
    assert call("calculate", expression=expression).value == result


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9", "9**9**9**9", "factorial(99999)", "1/0", "sqrt(-1)", "(-8)**0.5", "1e999", "",
        "2 +", "().__class__", "__import__('os').system('true')", "[1]*10**9", "'a'*10", "a=1",
        "'a' * 10**11", "'%099999999999d' % 1", "f'{1:099999999999d}'", "b'a'*10**11",
        "round(12345, -10**9)", "round(1.5, 10**9)",
        "1;2", "lambda: 1", "True", "1<2", "(" * 250, "-" * 299 + "1", "1+" * 2000 + "1", "x",
    ],
)  # fmt: skip
def test_invalid_or_huge_expressions_are_refused(call, expression):
    result = call("calculate", expression=expression)
    assert result.value is None or expression.startswith("-")
    assert result.error or expression.startswith("-")


@pytest.mark.parametrize(
    ("value", "source", "target", "result"),
    [
        (5, "mile", "kilometer", 8.04672),
        (20, "celsius", "fahrenheit", 68),
        (-40, "fahrenheit", "celsius", -40),
        (100, "km/h", "mile/hour", 62.1371192237),
        (2, "cup", "milliliter", 473.176473),
        (1, "square_meter", "square_foot", 10.7639104167),
    ],
)
def test_units_are_converted(call, value, source, target, result):
    converted = call("convert_units", value=value, from_unit=source, to_unit=target)
    assert converted.value == pytest.approx(result)


@pytest.mark.parametrize("unit", ["celsius", "smoot42", "meter**9**9**9", "", "x" * 99])
def test_incompatible_units_are_refused(call, unit):
    assert call("convert_units", value=1, from_unit="mile", to_unit=unit).error


def test_time_in_other_places_is_told(call):
    assert call("current_time").value == {
        "datetime": "2026-05-04T14:30:00+00:00",
        "weekday": "Monday",
    }
    tokyo = call("time_in_city", city="tokyo").value
    assert tokyo["datetime"] == "2026-05-04T23:30:00+09:00"
    assert "Atlantis" in call("time_in_city", city="Atlantis").error
    assert call("days_until", day="2026-05-14").value == 10


def test_timers_are_set_listed_and_cancelled(call):
    assert call("set_timer", seconds=480, name="pasta").value["seconds_left"] == 480
    call("set_timer", seconds=60)
    assert [timer["text"] for timer in call("list_timers").value] == ["", "pasta"]
    assert len(call("cancel_timers", name="Pasta").value) == 1
    assert len(call("cancel_timers").value) == 1
    assert call("list_timers").value == []
    for seconds in (0, -5, 1e9, float("nan")):
        assert call("set_timer", seconds=seconds).error


def test_reminders_are_set_listed_and_cancelled(call):
    later = (NOW + timedelta(hours=3)).replace(tzinfo=None).isoformat()
    assert call("add_reminder", text="call mom", at=later).value["seconds_left"] == 3 * 3600
    assert call("list_reminders").value[0]["text"] == "call mom"
    assert "passed" in call("add_reminder", text="x", at="2020-01-01T10:00").error
    assert call("add_reminder", text=" ", at=later).error
    assert len(call("cancel_reminders", text="mom").value) == 1


def test_notes_and_facts_are_stored_and_deleted(call):
    note = call("add_note", text=" buy milk ").value
    assert note["text"] == "buy milk"
    assert call("add_note", text=" ").error
    assert call("delete_note", id=note["id"]).value is True
    assert call("delete_all_notes").asks
    call("remember_fact", subject="Sister", attribute="lives in", value="Oslo")
    oslo = {"subject": "sister", "attribute": "lives in", "value": "Oslo"}
    assert call("recall_facts", subject="sister").value == [oslo]
    assert call("recall_facts", subject="user").value == []
    assert call("forget_facts", subject="sister").value == 1
    assert call("forget_facts", subject="").error


def test_controls_change_voice_and_window(call, desk):
    call("change_speaking_speed", change="faster")
    call("change_speaking_speed", change="slower")
    call("change_speaking_speed", change="normal")
    call("change_volume", change="quieter")
    call("mute_microphone")
    call("control_window", control="full screen")
    assert desk.done[0][1] * desk.done[1][1] == pytest.approx(1)
    assert desk.done[2:] == [
        ("speed", 1.0), ("volume by", -0.2), ("mute", None), ("show", Control.FULL_SCREEN),
    ]  # fmt: skip
    assert call("control_window", control="explode").error


def test_every_built_in_tool_has_a_class_and_those_that_ask_have_words(services):
    assert {function.__name__ for function in BUILT_IN} == EFFECTS.keys()
    asking = {name for name, effect in EFFECTS.items() if effect is ToolEffect.OUTWARD}
    assert asking == ACTS.keys()
    assert all({"en", "de"} <= acts.keys() for acts in ACTS.values())


def test_an_outward_tool_does_nothing_without_consent(services, call):
    call("add_note", text="milk")
    asked = call("delete_all_notes")
    assert asked.asks is not None
    assert (asked.value, asked.asks.act) == (None, "delete all notes")
    assert len(services.memory.notes()) == 1
    agreed = ToolCall("delete_all_notes", consent=Permission.SAID)
    assert ToolBox(services).call(agreed).value == 1
    assert services.memory.notes() == []


def test_an_outward_tool_with_wrong_arguments_asks_nobody(services):
    def send(to: str) -> str:
        """Send it."""
        return to

    box = ToolBox(services, [send], {})
    assert box.call(ToolCall("send", {})).error
    asked = box.call(ToolCall("send", {"to": "Anna"})).asks
    assert asked is not None
    assert (asked.act, asked.details) == ("send", "to: Anna")


def notes_of(services):
    return [note.text for note in services.memory.notes()]


def test_undo_takes_back_notes_and_facts_step_by_step(services, call):
    first = call("add_note", text="milk").value
    call("add_note", text="bread")
    call("delete_note", id=first["id"])
    assert notes_of(services) == ["bread"]
    assert call("undo_last").value == "deleting the note: milk"
    assert sorted(notes_of(services)) == ["bread", "milk"]
    assert call("undo_last").value == "the note: bread"
    assert notes_of(services) == ["milk"]
    call("remember_fact", subject="user", attribute="name", value="Anna", said="I'm Anna")
    call("remember_fact", subject="user", attribute="name", value="Hanna", said="I'm Hanna")
    call("undo_last")
    known = services.memory.source("user", "name")
    assert (known.fact.value, known.said) == ("Anna", "I'm Anna")
    call("forget_facts", subject="user")
    assert services.memory.facts() == []
    call("undo_last")
    assert [fact.value for fact in services.memory.facts()] == ["Anna"]
    call("undo_last")
    assert services.memory.facts() == []


def test_undo_takes_back_timers_reminders_and_controls(services, call, desk):
    call("set_timer", seconds=600, name="pasta")
    call("add_reminder", text="call mom", at="2026-05-05T09:00")
    call("cancel_timers")
    assert call("list_timers").value == []
    call("undo_last")
    assert [timer["text"] for timer in call("list_timers").value] == ["pasta"]
    assert call("undo_last").value == "the reminder: call mom"
    assert call("undo_last").value == "the timer: pasta"
    assert call("list_timers").value == call("list_reminders").value == []
    call("change_volume", change="louder")
    call("change_speaking_speed", change="slower")
    call("control_window", control="use dark theme")
    for _ in range(3):
        call("undo_last")
    assert desk.done[-3:] == [
        ("show", Control.USE_LIGHT_THEME),
        ("speed", 1.5),
        ("volume", 0.6),
    ]
    assert "nothing" in call("undo_last").error


def test_the_sentence_of_a_fact_is_shown_where_it_was_said(services, call, desk):
    assert call("show_source").value == ""
    call("remember_fact", subject="sister", attribute="lives in", value="Oslo", said="She's there")
    call("remember_fact", subject="user", attribute="name", value="Anna")
    assert call("show_source", subject="user", attribute="name").value == ""
    assert desk.done == []
    assert call("show_source", subject="sister", attribute="lives in").value == "She's there"
    assert desk.done == [("show", "show source: She's there")]


class Remarks:
    """What the avatar says on its own: one kind, which is switched on."""

    def __init__(self) -> None:
        self.on = True

    def explain(self) -> str:
        return "You told me so."

    def stop(self) -> tuple[str, ...]:
        was_on, self.on = self.on, False
        return ("morning",) if was_on else ()

    def resume(self, kinds) -> None:
        self.on = "morning" in kinds


def test_what_is_said_unasked_is_explained_stopped_and_resumed(services):
    box = ToolBox(replace(services, remarks=Remarks()))
    assert box.call(ToolCall("explain_remark")).value == "You told me so."
    assert box.call(ToolCall("stop_remarks")).value == ["the good morning"]
    assert "switched off" in box.call(ToolCall("stop_remarks")).error
    assert box.call(ToolCall("undo_last")).value == "switching off the good morning"
    assert box.call(ToolCall("stop_remarks")).value == ["the good morning"]


def test_where_the_avatar_only_answers_there_is_nothing_to_stop(call):
    assert call("explain_remark").value == ""
    assert "nothing on my own" in call("stop_remarks").error
