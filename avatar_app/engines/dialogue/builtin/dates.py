"""Parses spoken days and dates into moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from avatar_app.engines.dialogue.builtin.words import (
    Numbers,
    Word,
    ordinals_in,
    phrase_at,
    texts,
)

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august",
    "september", "october", "november", "december",
)  # fmt: skip
_HOLIDAYS: dict[tuple[str, ...], tuple[int, int]] = {
    ("christmas", "eve"): (12, 24), ("christmas",): (12, 25), ("halloween",): (10, 31),
    ("new", "year's", "eve"): (12, 31), ("new", "years", "eve"): (12, 31),
    ("new", "year"): (1, 1), ("new", "years"): (1, 1), ("new", "year's", "day"): (1, 1),
    ("valentine's", "day"): (2, 14), ("valentines", "day"): (2, 14),
    ("april", "fools"): (4, 1), ("april", "fools", "day"): (4, 1),
}  # fmt: skip
_PARTS = {"morning": 9, "afternoon": 15, "evening": 19, "night": 21}


@dataclass(frozen=True, slots=True)
class When:
    """A moment as it was said; `resolve` needs the current time."""

    after: timedelta | None = None
    hour: int | None = None
    minute: int = 0
    afternoon: bool | None = None
    """None where neither am nor pm was said."""
    days: int | None = None
    """Days from today."""
    weekday: int | None = None
    month_day: tuple[int, int] | None = None

    def day(self, today: date) -> date:
        """Return the day: today, if none was said."""
        if self.weekday is not None:
            return today + timedelta(days=(self.weekday - today.weekday() - 1) % 7 + 1)
        if self.month_day is not None:
            this_year = _date(today.year, *self.month_day)
            return this_year if this_year >= today else _date(today.year + 1, *self.month_day)
        return today + timedelta(days=self.days or 0)

    def resolve(self, now: datetime) -> datetime:
        """Return the next such moment."""
        if self.after is not None:
            return now + self.after
        day = self.day(now.date())
        moments = [
            datetime(day.year, day.month, day.day, hour, self.minute, tzinfo=now.tzinfo)
            for hour in self._hours(today=day == now.date())
        ]
        coming = [moment for moment in moments if moment > now]
        return coming[0] if coming else moments[0] + timedelta(days=0 if self.has_day else 1)

    @property
    def has_day(self) -> bool:
        """Whether a day was said."""
        return (self.days, self.weekday, self.month_day) != (None, None, None)

    def _hours(self, *, today: bool) -> list[int]:
        """Return the possible hours of day, the most likely first."""
        if self.hour is None:
            return [9]
        if self.hour > 12 or self.hour == 0:
            return [self.hour % 24]
        if self.afternoon is not None:
            return [self.hour % 12 + (12 if self.afternoon else 0)]
        if today:
            return [self.hour % 12, self.hour % 12 + 12]
        return [self.hour if self.hour > 6 else self.hour + 12]


def _date(year: int, month: int, day: int) -> date:
    """Return the date; the 29th of February is the 1st of March in most years."""
    return date(year, month, 1) + timedelta(days=day - 1)


def date_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, When] | None:
    """Parse the day that begins at a word; returns it with the index after it."""
    step = day_at(words, at, numbers, When())
    return step if step and step[1].hour is None else None


def day_at(words: Sequence[Word], at: int, numbers: Numbers, when: When) -> tuple[int, When] | None:
    if words[at].text in ("on", "this", "next", "in", "the", "by") and at + 1 < len(words):
        inner = day_at(words, at + 1, numbers, when)
        return inner if inner is not None else None
    text = words[at].text
    if texts(words, at, 3) == ("day", "after", "tomorrow"):
        return at + 3, replace(when, days=2)
    if text in ("today", "tomorrow", "tonight", "yesterday"):
        days = {"tomorrow": 1, "yesterday": -1}.get(text, 0)
        return at + 1, _part_of_day(replace(when, days=days), "night" if text == "tonight" else "")
    if text in _PARTS:
        return at + 1, _part_of_day(when, text)
    if text.removesuffix("s") in _DAYS:
        return at + 1, replace(when, weekday=_DAYS.index(text.removesuffix("s")))
    return _holiday_at(words, at, when) or _month_at(words, at, numbers, when)


def _part_of_day(when: When, part: str) -> When:
    if not part:
        return when
    afternoon = part != "morning"
    if when.hour is not None:
        return replace(when, afternoon=afternoon if when.afternoon is None else when.afternoon)
    return replace(when, hour=_PARTS[part])


def _holiday_at(words: Sequence[Word], at: int, when: When) -> tuple[int, When] | None:
    holiday = phrase_at(words, at, _HOLIDAYS)
    return (holiday[0], replace(when, month_day=holiday[1])) if holiday else None


def _month_at(
    words: Sequence[Word], at: int, numbers: Numbers, when: When
) -> tuple[int, When] | None:
    """Parse: December 24, December the twenty fourth, the 24th of December."""
    if words[at].text in _MONTHS:
        day_at = at + 1 + (texts(words, at + 1, 1) == ("the",))
        day = _day_of_month(words, day_at, numbers)
        month = _MONTHS.index(words[at].text) + 1
        return (day[0], replace(when, month_day=(month, day[1]))) if day else None
    day = _day_of_month(words, at, numbers)
    if day is None:
        return None
    month_at = day[0] + (texts(words, day[0], 1) == ("of",))
    month_word = texts(words, month_at, 1)
    if not month_word or month_word[0] not in _MONTHS:
        return None
    return month_at + 1, replace(when, month_day=(_MONTHS.index(month_word[0]) + 1, day[1]))


def _day_of_month(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, int] | None:
    """Parse: 24, 24 th, twenty fourth, fifth."""
    end, day = ordinals_in(words).get(at) or numbers.get(at, (at, 0.0))
    end += texts(words, end, 1) in (("st",), ("nd",), ("rd",), ("th",))
    return (end, int(day)) if 1 <= day <= 31 else None
