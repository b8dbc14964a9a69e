"""A clock that is years ahead for a start deletes nothing; one that stays there is believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.storage import remarks
from avatar_app.storage.believed_time import CONFIRMED_AFTER, FILE, LEAP, believed_time
from avatar_app.storage.history import History
from avatar_app.storage.memory import Memory
from avatar_app.storage.remarks import RemarkKind
from avatar_app.system.paths import app_paths

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY, YEAR = timedelta(days=1), timedelta(days=365)
HOUR = timedelta(hours=1)


def start(clock: datetime) -> datetime:
    return believed_time(app_paths(), clock)


@pytest.fixture
def used() -> None:
    """Somebody has used the program every day for some weeks."""
    for day in range(-14, 1):
        start(NOON + day * DAY)


@pytest.fixture
def history() -> Iterator[History]:
    with closing(History(app_paths().history_file)) as history:
        for number, age in enumerate((400, 20, 1)):
            turn = TurnEnded(number, Outcome.FINISHED, "hello", "Hi.", "Hi.")
            history.add(turn, NOON - age * DAY)
        yield history


@pytest.mark.usefixtures("used")
def test_clock_that_is_ahead_for_some_starts_deletes_nothing(history: History) -> None:
    for moment in (NOON + 4 * YEAR, NOON + 4 * YEAR + 2 * DAY, NOON + 9 * YEAR, NOON):
        assert history.prune(500, start(moment)) == 0
    assert history.prune(365, start(NOON + DAY)) == 1
    assert [turn.turn_id for turn in history.recent(9)] == [1, 2]


@pytest.mark.usefixtures("used")
def test_what_is_old_is_deleted_on_its_day(history: History) -> None:
    assert history.prune(30, start(NOON + 9 * DAY)) == 1, "the one of last year"
    assert history.prune(30, start(NOON + 11 * DAY)) == 1


@pytest.mark.usefixtures("used")
def test_user_who_was_away_is_believed_a_week_later() -> None:
    back = NOON + YEAR
    assert start(back) <= NOON
    assert start(back + CONFIRMED_AFTER - HOUR) <= NOON
    assert start(back + CONFIRMED_AFTER) == back + CONFIRMED_AFTER
    assert start(back + CONFIRMED_AFTER + LEAP) == back + CONFIRMED_AFTER + LEAP


@pytest.mark.usefixtures("used")
def test_clock_that_was_set_back_is_believed_at_once() -> None:
    for moment in (NOON + YEAR, NOON + YEAR + CONFIRMED_AFTER, NOON + HOUR, NOON - YEAR):
        assert start(moment) <= moment
    assert start(NOON - YEAR + DAY) == NOON - YEAR + DAY
    assert start(NOON + HOUR) < NOON, "that is a leap again"


def test_nothing_is_believed_at_first(history: History) -> None:
    assert history.prune(30, start(NOON)) == 0
    assert history.prune(30, start(NOON + CONFIRMED_AFTER)) == 1


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("content", ["", "[]", "{}", '{"believed": ""}', '{"believed": "2026"}'])
def test_note_that_cannot_be_read_deletes_nothing(history: History, content: str) -> None:
    (app_paths().data / FILE).write_text(content)
    assert history.prune(30, start(NOON)) == 0
    assert history.prune(30, start(NOON + CONFIRMED_AFTER)) == 1


def test_note_that_cannot_be_written_deletes_nothing(history: History) -> None:
    (app_paths().data / FILE).mkdir()
    for moment in (NOON, NOON + YEAR):
        assert history.prune(30, start(moment)) == 0


def test_remarks_are_kept_by_their_number_and_not_by_the_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remarks, "MOST", 3)
    with closing(Memory(app_paths().memory_file)) as memory:
        for about, moment in (("exam", NOON), ("a", NOON + 4 * YEAR), ("b", NOON + 5 * YEAR)):
            assert memory.remarks.claim(RemarkKind.FOLLOW_UP, about, moment)
        assert memory.remarks.was_made(RemarkKind.FOLLOW_UP, "exam")
        for about in ("c", "d"):
            memory.remarks.claim(RemarkKind.MORNING, about, NOON)
        assert not memory.remarks.was_made(RemarkKind.FOLLOW_UP, "exam")
        assert memory.remarks.was_made(RemarkKind.FOLLOW_UP, "a")
