"""Finds what there is to say first: today's reminders and days, and what was named as upcoming."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from avatar_app.session.speaking_first.days import day_named, is_yearly
from avatar_app.session.speaking_first.words import FirstWords
from avatar_app.storage.remarks import RemarkKind
from avatar_app.tools.services import Appointment, RememberedFact

LATEST_FOLLOW_UP = 4
"""Days after which nobody asks any more how something was."""
LONGEST_NAME, LONGEST_VALUE = 3, 8
"""Words of a fact that names something with its day; what is longer is a story."""
_STATES = frozenset(
    ("name", "live", "lives", "work", "works", "like", "likes", "love", "loves", "hate", "hates",
     "want", "wants", "has", "have", "is", "was", "born", "note", "play", "plays")
)  # fmt: skip
"""First words of what is no event."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that may be said first."""

    kind: RemarkKind
    about: str
    """The same for the same thing, whenever it is found."""
    text: str
    """One sentence."""
    reason: str
    """Why it is said, for a user who asks: a sentence."""


@dataclass(frozen=True, slots=True)
class KnownDays:
    """What the avatar knows of the user's days."""

    facts: Sequence[RememberedFact]
    reminders: Sequence[Appointment]

    def remarks(self, now: datetime, words: FirstWords, *, greeted: bool) -> Iterator[Remark]:
        """Yield what may be said now, the morning first. `now` has the user's time zone; `greeted`:
        they have talked today, so there is no more “good morning”."""
        things = [*self._events_of(now.date(), words), *self._reminders_of(now, words)]
        if things or not greeted:
            text = words.noted(things) if greeted else words.morning(self._name(), things)
            reason = "A morning word, once a day, is switched on in the settings."
            yield Remark(RemarkKind.MORNING, now.date().isoformat(), text, reason)
        yield from self._follow_ups(now, words)

    def _name(self) -> str:
        names = (each.fact.value for each in self.facts if _is_name(each))
        return next(names, "")

    def _events_of(self, today: date, words: FirstWords) -> Iterator[str]:
        for known in self.facts:
            day = _day_of(known, today)
            if day is None:
                continue
            comes_again = is_yearly(known.fact.attribute)
            if (day.month, day.day) == (today.month, today.day) if comes_again else day == today:
                yield _thing(known, words)

    def _reminders_of(self, now: datetime, words: FirstWords) -> Iterator[str]:
        for reminder in self.reminders:
            due = reminder.due.astimezone(now.tzinfo)
            if due.date() == now.date() and due > now:
                yield words.reminder(reminder.text, due)

    def _follow_ups(self, now: datetime, words: FirstWords) -> Iterator[Remark]:
        for known in self.facts:
            day = _day_of(known, now.date())
            if day is None or known.learned is None or is_yearly(known.fact.attribute):
                continue
            was_upcoming = day >= known.learned.date()  # of the place where it was said
            if was_upcoming and 1 <= (now.date() - day).days <= LATEST_FOLLOW_UP:
                fact = known.fact
                yield Remark(
                    RemarkKind.FOLLOW_UP,
                    f"{fact.subject}\n{fact.attribute}\n{day.isoformat()}",
                    words.follow_up(_thing(known, words)),
                    _reason(known),
                )


def _is_name(known: RememberedFact) -> bool:
    return (known.fact.subject, known.fact.attribute) == ("user", "name")


def _thing(known: RememberedFact, words: FirstWords) -> str:
    fact = known.fact
    return words.thing(fact.attribute, "" if fact.subject == "user" else fact.subject)


def _day_of(known: RememberedFact, today: date) -> date | None:
    """Return the day of an event; None for what is none. Seen from when it was said."""
    name, value = known.fact.attribute.split(), known.fact.value.split()
    if not name or name[0] in _STATES or len(name) > LONGEST_NAME or len(value) > LONGEST_VALUE:
        return None
    said_on = known.learned.date() if known.learned is not None else None
    if said_on is None:
        return day_named(known.fact.value, today) if is_yearly(known.fact.attribute) else None
    return day_named(known.fact.value, said_on)


def _reason(known: RememberedFact) -> str:
    assert known.learned is not None
    told = known.learned
    said = known.said.strip(" .") or f"{known.fact.attribute}: {known.fact.value}"
    return f"On {told:%A, %B} {told.day}, the user said: “{said}”. It is asked about once."
