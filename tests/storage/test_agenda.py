"""Timers and reminders fire once, in order, at their time, through restarts; no test sleeps."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from avatar_app.storage.agenda import LONGEST_WAIT, Agenda
from avatar_app.tools.services import Alarm

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class Clock:
    """Shows the time it is set to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def fired():
    return []


@pytest.fixture
def agenda(tmp_path, clock, fired):
    agenda = Agenda(tmp_path / "agenda.db", fired.append, clock)
    yield agenda
    agenda.close()


def test_a_timer_fires_once_at_its_time(agenda, clock, fired):
    agenda.add(Alarm.TIMER, "pasta", NOON + timedelta(minutes=8))
    clock.advance(minutes=7, seconds=59)
    agenda.fire_due()
    assert fired == []
    clock.advance(seconds=1)
    agenda.fire_due()
    agenda.fire_due()
    assert fired == ["Ding ding! Your pasta timer is done."]
    assert agenda.appointments(Alarm.TIMER) == []


def test_reminders_fire_in_chronological_order(agenda, clock, fired):
    agenda.add(Alarm.REMINDER, "call mom", NOON + timedelta(seconds=50))
    agenda.add(Alarm.TIMER, "", NOON + timedelta(seconds=10))
    clock.advance(seconds=55)
    agenda.fire_due()
    assert fired == ["Ding ding! Your timer is done.", "It's 12:00 PM. I remind you: call mom."]


def test_timers_and_reminders_are_listed_apart_and_cancelled(agenda, clock, fired):
    timer = agenda.add(Alarm.TIMER, "tea", NOON + timedelta(minutes=4))
    reminder = agenda.add(Alarm.REMINDER, "rent", NOON + timedelta(days=1))
    assert agenda.appointments(Alarm.TIMER) == [timer]
    assert agenda.appointments(Alarm.REMINDER) == [reminder]
    assert agenda.cancel(timer.id)
    assert not agenda.cancel(timer.id)
    clock.advance(minutes=5)
    agenda.fire_due()
    assert fired == []


def test_missed_reminders_are_announced_after_a_restart(tmp_path, clock, fired):
    path = tmp_path / "agenda.db"
    before = Agenda(path, fired.append, clock)
    before.add(Alarm.REMINDER, "call mom", NOON + timedelta(hours=1))
    before.close()
    clock.advance(days=1)
    after = Agenda(path, fired.append, clock)
    after.fire_due()
    after.close()
    assert fired == [
        "While you were away, at Monday, 1:00 PM, I should have reminded you: call mom."
    ]


def test_a_reminder_persists_until_it_is_announced(tmp_path, clock):
    def breaks(_: str) -> None:
        raise ConnectionError

    agenda = Agenda(tmp_path / "agenda.db", breaks, clock)
    agenda.add(Alarm.TIMER, "", NOON)
    with pytest.raises(ConnectionError):
        agenda.fire_due()
    assert len(agenda.appointments(Alarm.TIMER)) == 1
    agenda.close()


def test_the_thread_waits_until_the_next_one_and_is_woken_by_a_sooner_one(tmp_path, clock, fired):
    waits: list[float] = []
    looked = threading.Semaphore(0)

    def wait(changed: threading.Event, seconds: float) -> None:
        waits.append(seconds)
        looked.release()
        changed.wait()

    agenda = Agenda(tmp_path / "agenda.db", fired.append, clock, wait)
    agenda.start()
    assert looked.acquire(timeout=60)
    assert waits == [LONGEST_WAIT]
    agenda.add(Alarm.TIMER, "", NOON + timedelta(seconds=5))
    assert looked.acquire(timeout=60)
    assert waits[-1] == 5
    clock.advance(seconds=5)
    agenda.add(Alarm.TIMER, "later", NOON + timedelta(seconds=9))
    assert looked.acquire(timeout=60)
    assert fired == ["Ding ding! Your timer is done."]
    agenda.close()
    assert "agenda" not in [thread.name for thread in threading.enumerate()]


def test_closing_ends_the_thread_at_any_time(tmp_path, fired):
    agenda = Agenda(tmp_path / "agenda.db", fired.append)

    class ClosedJustBefore(threading.Event):
        """The agenda is closed by another thread right before its own forgets what changed."""

        def clear(self) -> None:
            agenda._closed = True
            self.set()
            super().clear()

    agenda._changed = ClosedJustBefore()
    agenda.start()
    agenda._thread.join(60)
    assert not agenda._thread.is_alive()
    agenda.close()


def test_the_real_wait_ends_when_it_is_closed(tmp_path, fired):
    agenda = Agenda(tmp_path / "agenda.db", fired.append)
    agenda.start()
    agenda.close()
    agenda.close()
    assert "agenda" not in [thread.name for thread in threading.enumerate()]


def test_a_failing_file_is_reported_once_and_retried(tmp_path, clock, fired):
    agenda = Agenda(tmp_path / "agenda.db", fired.append, clock)
    agenda.add(Alarm.TIMER, "tea", NOON)
    agenda._database.close()
    assert agenda._fired_and_next() == agenda._fired_and_next() == LONGEST_WAIT
    assert len(fired) == 1
    assert fired[0].startswith("I cannot read my timers")
    agenda.close()


def test_an_undeletable_reminder_fires_once(agenda, clock, fired):
    agenda.add(Alarm.TIMER, "tea", NOON)
    with agenda._database.transaction() as connection:
        connection.execute(
            "CREATE TRIGGER keep BEFORE DELETE ON appointments"
            " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    for _ in range(3):
        assert agenda._fired_and_next() == LONGEST_WAIT
    assert fired[0] == "Ding ding! Your tea timer is done."
    assert len(fired) == 2
    assert "the disk is full" in fired[1]


def test_all_appointments_can_be_deleted(agenda, clock, fired):
    agenda.add(Alarm.TIMER, "tea", NOON + timedelta(minutes=4))
    agenda.add(Alarm.REMINDER, "call mom", NOON + timedelta(minutes=5))
    agenda.clear()
    clock.advance(minutes=9)
    agenda.fire_due()
    assert fired == []
