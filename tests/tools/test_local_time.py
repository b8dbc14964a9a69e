"""Reminders come at the hour that was said, also after the clocks are set forward or back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.session.assistant_tools import VoiceControls
from avatar_app.storage.agenda import Agenda
from avatar_app.storage.memory import Memory
from avatar_app.tools.box import ToolBox
from avatar_app.tools.local_time import in_local_time
from avatar_app.tools.services import Alarm, Services

SUMMER, WINTER = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))
EVENING = datetime(2026, 10, 24, 20, 0, tzinfo=SUMMER)
"""Before the night in which the clocks are set back."""
Call = Callable[..., ToolResult]


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class Desk:
    def configure_voice(self, **options: object) -> None: ...
    def set_volume(self, volume: float) -> None: ...
    def mute(self, *, muted: bool) -> None: ...


def test_a_reminder_for_tomorrow_survives_the_change_of_clocks(
    tmp_path: Path, berlin: None
) -> None:
    now, fired = [EVENING], list[str]()
    with (
        closing(Memory(tmp_path / "memory.db")) as memory,
        closing(Agenda(tmp_path / "agenda.db", fired.append, lambda: now[0])) as agenda,
    ):
        desk = VoiceControls(Desk(), lambda _event: None)
        box = ToolBox(Services(lambda: now[0], memory, agenda, desk))
        at = "2026-10-25T09:00"
        kept = box.call(ToolCall("add_reminder", {"text": "run", "at": at})).value
        assert kept["due"] == "2026-10-25T09:00:00+01:00"
        assert kept["seconds_left"] == 14 * 3600
        (listed,) = box.call(ToolCall("list_reminders")).value
        assert listed == kept, "it is told in the time of its own day"
        now[0] = datetime(2026, 10, 25, 8, 59, tzinfo=WINTER)
        agenda.fire_due()
        assert fired == []
        now[0] = datetime(2026, 10, 25, 9, 0, tzinfo=WINTER)
        agenda.fire_due()
        assert fired == ["It's 9:00 AM. I remind you: run."]


def test_another_place_keeps_its_time_zone(berlin: None) -> None:
    tokyo = timezone(timedelta(hours=9))
    now = datetime(2026, 10, 24, 20, 0, tzinfo=tokyo)
    assert in_local_time(datetime(2026, 10, 25, 9, 0), now).isoformat().endswith("09:00:00+09:00")
    moment = datetime(2026, 10, 25, 0, 0, tzinfo=WINTER)
    assert in_local_time(moment, now) == moment
    assert in_local_time(moment, now).hour == 8


@pytest.mark.parametrize("at", ["9999-12-31T23:59", "9999-12-31T23:59-05:00", "2190-01-01T00:00"])
def test_a_reminder_beyond_a_lifetime_is_refused(tmp_path: Path, at: str) -> None:
    with (
        closing(Memory(tmp_path / "memory.db")) as memory,
        closing(Agenda(tmp_path / "agenda.db", lambda _: None, lambda: EVENING)) as agenda,
    ):
        desk = VoiceControls(Desk(), lambda _event: None)
        box = ToolBox(Services(lambda: EVENING, memory, agenda, desk))
        result = box.call(ToolCall("add_reminder", {"text": "run", "at": at}))
        assert result.error.startswith("That is too far away.")
        result = box.call(ToolCall("add_reminder", {"text": "run", "at": "0001-01-01T00:00"}))
        assert result.error.startswith("That time has passed already.")


def test_an_appointment_beyond_the_calendar_keeps_no_other_from_firing(tmp_path: Path) -> None:
    fired = list[str]()
    with closing(Agenda(tmp_path / "agenda.db", fired.append, lambda: EVENING)) as agenda:
        agenda.add(Alarm.TIMER, "tea", EVENING)
        with agenda._database.transaction() as connection:
            connection.execute(
                "INSERT INTO appointments (kind, text, due) VALUES ('timer', '', 1e12)"
            )
        agenda.fire_due()
        assert fired == ["Ding ding! Your tea timer is done."]
        assert agenda.appointments(Alarm.TIMER)[0].due.year >= 8999
