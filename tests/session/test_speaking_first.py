"""Speaks first: seldom, once, never in quiet hours; over simulated days, through every clock."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from avatar_app.core.events import (
    ConsentAsked,
    ConsentOutcome,
    ConsentSettled,
    Event,
    Muted,
    Outcome,
    Resting,
    State,
    StateChanged,
    TurnEnded,
)
from avatar_app.session.speaking_first.days import day_named
from avatar_app.session.speaking_first.initiative import Initiative
from avatar_app.session.speaking_first.wishes import NoWishes
from avatar_app.session.speaking_first.words import first_words
from avatar_app.settings.speaking import SpeaksFirstSettings
from avatar_app.storage.agenda import Agenda
from avatar_app.storage.memory import Memory
from avatar_app.storage.remarks import RemarkKind
from avatar_app.tools.services import Alarm, Fact

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
MONDAY = datetime(2026, 10, 19, 9, 0, tzinfo=BERLIN)
"""A week in which summer time ends on Sunday."""
BOTH = SpeaksFirstSettings(morning=True, follow_ups=True, quiet_from=22, quiet_until=8, cooldown=4)


class Wishes(NoWishes):
    """What a test wants."""

    def __init__(self) -> None:
        self.wanted, self.calls, self.spoken = BOTH, False, "en"

    def now(self) -> SpeaksFirstSettings:
        return self.wanted

    def language(self) -> str:
        return self.spoken

    def in_call(self) -> bool:
        return self.calls

    def switch(self, kind: RemarkKind, *, wanted: bool) -> None:
        name = "morning" if kind is RemarkKind.MORNING else "follow_ups"
        self.wanted = self.wanted.model_copy(update={name: wanted})


class Life:
    """A user, a clock, and what the avatar said on its own, when."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.wishes = folder, MONDAY, Wishes()
        self.said: list[tuple[datetime, str]] = []
        self.begin()

    def begin(self) -> None:
        """Start the program."""
        self.memory = Memory(self.folder / "memory.db")
        self.agenda = Agenda(self.folder / "agenda.db", lambda _text: None, self.clock)
        self.initiative = Initiative(
            self.memory, self.agenda, self.wishes, self.hear, self.clock, lull=1e6
        )

    def end(self) -> None:
        """End the program, in order."""
        self.initiative.close()
        self.agenda.close()
        self.memory.close()

    def clock(self) -> datetime:
        return self.now

    def hear(self, text: str) -> None:
        self.said.append((self.now, text))

    def at(self, **changes: int) -> Life:
        """Set the clock."""
        self.now = self.now.replace(**changes)
        return self

    def pass_time(self, **by: float) -> Life:
        zone = self.now.tzinfo
        self.now = (self.now.astimezone(UTC) + timedelta(**by)).astimezone(zone)
        return self

    def show(self) -> str:
        """The user comes to the window; what is said to them then."""
        before = len(self.said)
        self.initiative.attend(visible=True)
        self.initiative.consider()
        new = [text for _, text in self.said[before:]]
        assert len(new) <= 1
        return "".join(new)

    def post(self, *events: Event) -> None:
        for event in events:
            self.initiative(event)

    def played(self, text: str) -> None:
        """The remark was played to its end."""
        self.post(TurnEnded(1, Outcome.FINISHED, "", text, text))
        self.initiative.consider()

    def talk(self, text: str = "It went well.") -> None:
        """The user says something."""
        self.post(TurnEnded(2, Outcome.FINISHED, text, "I see.", "I see."))

    def learn(self, attribute: str, value: str, subject: str = "user", said: str = "") -> None:
        self.memory.learn(Fact(subject, attribute, value), said, self.now)


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    life = Life(tmp_path)
    yield life
    life.end()


def test_nothing_is_said_unless_it_is_wanted(life: Life) -> None:
    life.wishes.wanted = BOTH.model_copy(update={"morning": False, "follow_ups": False})
    life.learn("exam", "on Tuesday")
    for _ in range(5 * 24):
        life.pass_time(hours=1)
        assert life.show() == ""


def test_a_good_morning_comes_once_a_day_with_what_is_on(life: Life) -> None:
    life.learn("name", "Anna")
    assert life.show() == "Good morning, Anna."
    assert life.pass_time(hours=4).show() == ""
    life.learn("exam", "on Tuesday")
    life.learn("birthday", "October 20", "sister")
    life.agenda.add(Alarm.REMINDER, "call your mom", MONDAY + timedelta(days=1, hours=6))
    life.agenda.add(Alarm.REMINDER, "pay the rent", MONDAY + timedelta(days=2))
    assert life.at(day=20, hour=8).show() == (
        "Good morning, Anna, for today I have noted: your exam, your sister's birthday"
        " and call your mom at 3:00 PM."
    )


@pytest.mark.parametrize("hour", [0, 3, 7, 12, 13, 18, 21, 22, 23])
def test_there_is_no_good_morning_at_other_hours(life: Life, hour: int) -> None:
    assert life.at(hour=hour).show() == ""


def test_who_has_talked_already_is_not_greeted_but_learns_what_is_on(life: Life) -> None:
    life.talk("Hello")
    assert life.show() == ""
    life.learn("exam", "today")
    assert life.show() == "By the way, for today I have noted: your exam."


def test_what_was_named_as_upcoming_is_asked_about_once(life: Life) -> None:
    life.wishes.wanted = BOTH.model_copy(update={"morning": False})
    life.learn("exam", "on Tuesday, October 20", said="My exam is on Tuesday.")
    assert life.show() == ""
    assert life.at(day=20).show() == ""
    assert life.at(day=21).show() == "How was your exam?"
    assert life.initiative.explain() == (
        "On Monday, October 19, the user said: “My exam is on Tuesday”. It is asked about once."
    )
    for _ in range(4):
        assert life.pass_time(days=1).show() == ""


def test_what_is_no_coming_event_is_not_asked_about(life: Life) -> None:
    life.wishes.wanted = BOTH.model_copy(update={"morning": False})
    life.learn("birthday", "October 20")
    life.learn("exam", "was on October 12")
    life.learn("lives in", "a house that was sold on Tuesday", "sister")
    life.learn("favorite day", "the one on which nobody at all has to get up early, Tuesday")
    life.learn("concert", "October 20, 2027")
    life.memory.learn(Fact("user", "trip", "on Tuesday"))  # it is not known when that was said
    for day in range(20, 31):
        assert life.at(day=day).show() == ""


def test_after_some_days_nobody_asks_any_more(life: Life) -> None:
    life.wishes.wanted = BOTH.model_copy(update={"morning": False})
    life.learn("exam", "on Tuesday")
    assert life.at(day=25).show() == ""


def test_a_fact_that_was_moved_or_forgotten_is_not_asked_about(life: Life) -> None:
    life.wishes.wanted = BOTH.model_copy(update={"morning": False})
    life.learn("exam", "on Tuesday")
    life.learn("race", "on Tuesday")
    life.learn("exam", "on Friday")
    life.memory.forget("user", "race")
    assert life.at(day=21).show() == ""
    assert life.at(day=24).show() == "How was your exam?"


@pytest.mark.parametrize(
    "busy",
    [
        (Muted(muted=True),),
        (Resting("hey Mira"),),
        (StateChanged(State.LISTENING),),
        (StateChanged(State.THINKING),),
        (StateChanged(State.SPEAKING),),
        (ConsentAsked(7, "delete all notes"),),
    ],
)
def test_it_is_silent_while_anything_else_goes_on(life: Life, busy: tuple[Event, ...]) -> None:
    life.post(*busy)
    assert life.show() == ""
    life.post(
        Muted(muted=False),
        Resting(""),
        StateChanged(State.IDLE),
        ConsentSettled(7, ConsentOutcome.REFUSED),
    )
    assert life.show() == "Good morning."


def test_it_is_silent_in_a_call_while_hidden_and_in_an_empty_room(life: Life) -> None:
    life.wishes.calls = True
    assert life.show() == ""
    life.wishes.calls = False
    life.initiative.attend(visible=False)
    life.initiative.consider()
    assert life.said == []
    life.initiative.attend(visible=True)
    life.pass_time(minutes=3)
    life.initiative.consider()
    assert life.said == []
    assert life.show() == "Good morning."


def test_two_remarks_keep_their_distance(life: Life) -> None:
    life.learn("exam", "on Sunday")
    life.learn("race", "on Sunday")
    life.at(day=26, hour=9)
    assert [life.show(), life.pass_time(hours=3).show()] == ["Good morning.", ""]
    assert life.pass_time(hours=1).show() == "How was your exam?"
    assert life.pass_time(hours=3).show() == ""
    assert life.pass_time(hours=1).show() == "How was your race?"


def test_no_restart_repeats_a_remark(tmp_path: Path) -> None:
    life = Life(tmp_path)
    assert life.show() == "Good morning."
    for _ in range(3):
        killed = life  # which has closed nothing
        life = Life(tmp_path)
        life.pass_time(hours=1)
        assert life.show() == ""
        killed.end()
    life.end()


def test_two_programs_on_one_memory_say_it_once(tmp_path: Path) -> None:
    lives = [Life(tmp_path), Life(tmp_path)]
    assert [life.show() for life in lives] == ["Good morning.", ""]
    for life in lives:
        life.end()


def test_ignored_twice_it_stays_silent_for_a_week(life: Life) -> None:
    life.wishes.wanted = BOTH.model_copy(update={"follow_ups": False})
    mornings = []
    for _ in range(21):
        if text := life.show():
            mornings.append(life.now.day)
            life.played(text)
        life.pass_time(days=1)
    assert mornings == [19, 20, 27, 3]


def test_who_answers_is_greeted_every_day(life: Life) -> None:
    life.wishes.wanted = BOTH.model_copy(update={"follow_ups": False})
    for _ in range(14):
        text = life.show()
        life.played(text)
        life.pass_time(minutes=10).talk()
        assert text == "Good morning."
        life.initiative.consider()
        life.pass_time(days=1)


def test_a_late_word_is_no_answer_to_a_question(life: Life) -> None:
    life.wishes.wanted = BOTH.model_copy(update={"morning": False})
    for day in range(19, 23):
        life.at(day=day).learn(f"exam {day}", "tomorrow")
    asked = []
    for day in range(21, 26):
        if text := life.at(day=day, hour=9).show():
            asked.append(text)
            life.played(text)
            life.pass_time(minutes=5).talk()
            life.initiative.consider()
    assert asked == ["How was your exam 19?", "How was your exam 20?"]


def test_what_was_never_heard_is_not_held_against_the_user(life: Life) -> None:
    life.wishes.wanted = BOTH.model_copy(update={"follow_ups": False})
    assert [life.at(day=day).show() for day in range(19, 25)] == ["Good morning."] * 6


def test_a_clock_that_jumps_neither_repeats_nor_silences(life: Life) -> None:
    assert life.show() == "Good morning."
    assert life.at(hour=8).show() == "", "an hour back"
    life.now = datetime(2026, 12, 24, 9, tzinfo=BERLIN)
    assert life.show() == "Good morning.", "months ahead"
    life.now = MONDAY
    assert life.show() == "", "and back: it was said that day"
    assert life.pass_time(days=1).show() == "Good morning."


def test_a_flight_changes_the_hours_but_not_the_day(life: Life) -> None:
    assert life.show() == "Good morning."
    life.now = life.pass_time(hours=5).now.astimezone(NEW_YORK)  # 8 in the morning again
    assert life.now.hour == 8
    assert life.show() == ""
    assert life.pass_time(days=1).show() == "Good morning."


def test_forgetting_everything_forgets_the_remarks(life: Life) -> None:
    life.learn("exam", "on Tuesday")
    life.show()
    life.initiative.forget()
    assert life.memory.remarks.all() == []
    assert life.initiative.explain() == ""


def test_no_words_of_the_user_are_kept_with_a_remark(life: Life) -> None:
    life.wishes.wanted = BOTH.model_copy(update={"morning": False})
    life.learn("vasectomy", "tomorrow")
    assert life.at(day=21).show()
    life.memory.forget()
    life.end()
    stored = b"".join(path.read_bytes() for path in life.folder.glob("memory.db*"))
    assert b"vasectomy" not in stored
    life.begin()


def test_stopping_by_word_is_undone_and_meets_what_was_said_last(life: Life) -> None:
    life.show()
    assert life.initiative.stop() == ("morning",)
    assert not life.wishes.wanted.morning
    assert life.wishes.wanted.follow_ups
    life.initiative.resume(("morning",))
    assert life.wishes.wanted == BOTH
    life.wishes.wanted = BOTH.model_copy(update={"morning": False})
    assert life.initiative.stop() == ("follow_up",)
    assert life.initiative.stop() == ()


def test_a_language_without_words_stays_silent(life: Life) -> None:
    life.wishes.spoken = "pt"
    assert life.show() == ""


@pytest.mark.parametrize("language", sorted(first_words()))
def test_every_language_says_it(life: Life, language: str) -> None:
    life.wishes.spoken = language
    weekday = first_words()[language].weekdays[1]
    life.learn("thing", f"on {weekday}")
    life.agenda.add(Alarm.REMINDER, "call", MONDAY + timedelta(days=1, hours=6))
    words = life.at(day=20).show()
    assert "thing" in words
    assert "call" in words
    assert "{" not in words
    assert "thing" in life.at(day=21, hour=16).show()


def test_a_season_of_days_is_quiet_and_calm(life: Life) -> None:
    """Sixty days of a user who comes to the window at any hour, across the end of summer time and
    an ocean."""
    chance = random.Random(4)
    life.learn("name", "Anna")
    for day in range(60):
        if day == 30:
            life.now = life.now.astimezone(NEW_YORK)
        start = life.now = life.now.replace(hour=0, minute=chance.randrange(60))
        for name in range(chance.choice((0, 0, 0, 1, 2))):
            life.learn(f"meeting {day} {name}", "tomorrow")
        for hours in sorted(chance.uniform(0, 24) for _ in range(12)):
            life.now = start + timedelta(hours=hours)
            if text := life.show():
                life.played(text)
                life.talk()
                life.initiative.consider()
        life.now = start + timedelta(days=1)
    times = [at for at, _ in life.said]
    mornings = [at for at, text in life.said if text.startswith("Good morning")]
    questions = [text for _, text in life.said if text.startswith("How was")]
    assert all(8 <= at.hour < 22 for at in times)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= timedelta(hours=4)
    assert len({at.date() for at in mornings}) == len(mornings)
    assert 30 <= len(mornings) <= 60
    assert 10 <= len(questions) == len(set(questions))
    by_day = [sum(at.date() == each for at in times) for each in {at.date() for at in times}]
    assert max(by_day) <= 4


SAID_ON = date(2026, 10, 19)  # a Monday


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("on Tuesday", (2026, 10, 20)),
        ("next Monday at 3", (2026, 10, 26)),
        ("Tuesday morning", (2026, 10, 20)),
        ("tomorrow", (2026, 10, 20)),
        ("the day after tomorrow", (2026, 10, 21)),
        ("on Tuesday, December 1", (2026, 12, 1)),
        ("the 3rd of January", (2027, 1, 3)),
        ("March 3, 2028", (2028, 3, 3)),
        ("2026-11-02", (2026, 11, 2)),
        ("am Freitag", (2026, 10, 23)),
        ("übermorgen", (2026, 10, 21)),
        ("Dienstagmorgen", (2026, 10, 20)),
        ("24. Dezember", (2026, 12, 24)),
        ("el 3 de enero de 2027", (2027, 1, 3)),
        ("pasado mañana", (2026, 10, 21)),
        ("vendredi", (2026, 10, 23)),
        ("le 1er mars", (2027, 3, 1)),
        ("after-demain", None),
        ("the 31st of February", None),
        ("2026-13-40", None),
        ("in Oslo", None),
        ("a Maybach, 4 doors", None),
        ("", None),
    ],
)
def test_days_are_found_in_what_people_say(text: str, day: tuple[int, int, int] | None) -> None:
    found = day_named(text, SAID_ON)
    if text == "after-demain":  # no word of French, but it ends like one
        assert found == date(2026, 10, 20)
        return
    assert found == (date(*day) if day else None)


def test_times_are_those_of_the_place(life: Life) -> None:
    life.agenda.add(Alarm.REMINDER, "call", MONDAY.astimezone(UTC) + timedelta(hours=1))
    assert life.show() == "Good morning, for today I have noted: call at 10:00 AM."


def test_a_broken_file_only_keeps_it_silent(life: Life) -> None:
    life.memory.close()
    assert life.show() == ""


def test_a_remark_is_replaced_by_nothing_when_the_user_begins_to_speak(life: Life) -> None:
    class Slow(Wishes):
        def in_call(self) -> bool:
            life.post(StateChanged(State.LISTENING))
            return False

    life.wishes = Slow()
    life.end()
    life.begin()
    assert life.show() == ""
    assert life.memory.remarks.all() == []


def test_greeting_by_a_remark_is_said_by_the_program(life: Life) -> None:
    life.initiative.attend(visible=True)
    assert life.initiative.greeting() == "Good morning."
    assert life.initiative.greeting() == ""
    assert life.said == []


def test_wishes_of_no_one_are_none() -> None:
    wishes = NoWishes()
    wishes.switch(RemarkKind.MORNING, wanted=True)
    assert not wishes.now().morning
