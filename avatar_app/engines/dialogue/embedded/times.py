"""Understands spoken durations, times of day and dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from avatar_app.engines.dialogue.embedded.words import Numbers, Word, ordinals_in

_SECONDS = {
    **dict.fromkeys(("second", "seconds", "sec", "secs"), 1),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), 60),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), 3600),
    **dict.fromkeys(("day", "days"), 86400),
    **dict.fromkeys(("week", "weeks"), 7 * 86400),
}
_AMOUNTS = {
    **{("half", "an"): 0.5, ("half", "a"): 0.5, ("half",): 0.5, ("a", "half"): 0.5},
    **{("quarter", "of", "an"): 0.25, ("a", "quarter", "of", "an"): 0.25, ("a", "quarter"): 0.25},
    **{("three", "quarters", "of", "an"): 0.75, ("a", "couple", "of"): 2, ("a", "couple"): 2},
    **{("couple", "of"): 2, ("a", "few"): 3, ("an",): 1, ("a",): 1, ("a", "dozen"): 12},
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_HOLIDAYS = {
    **{("christmas", "eve"): (12, 24), ("christmas",): (12, 25), ("halloween",): (10, 31)},
    **{("new", "year's", "eve"): (12, 31), ("new", "years", "eve"): (12, 31)},
    **{("new", "year"): (1, 1), ("new", "years"): (1, 1), ("new", "year's", "day"): (1, 1)},
    **{("valentine's", "day"): (2, 14), ("valentines", "day"): (2, 14)},
    **{("april", "fools"): (4, 1), ("april", "fools", "day"): (4, 1)},
}
_PARTS = {"morning": 9, "afternoon": 15, "evening": 19, "night": 21}


@dataclass(frozen=True, slots=True)
class When:
    """A moment as it was said; `resolve` needs to know the time."""

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
        """The day that is meant: today, where none was said."""
        if self.weekday is not None:
            return today + timedelta(days=(self.weekday - today.weekday() - 1) % 7 + 1)
        if self.month_day is not None:
            this_year = _date(today.year, *self.month_day)
            return this_year if this_year >= today else _date(today.year + 1, *self.month_day)
        return today + timedelta(days=self.days or 0)

    def resolve(self, now: datetime) -> datetime:
        """The next such moment."""
        if self.after is not None:
            return now + self.after
        day = self.day(now.date())
        moments = [
            datetime(day.year, day.month, day.day, hour, self.minute, tzinfo=now.tzinfo)
            for hour in self._hours(day == now.date())
        ]
        coming = [moment for moment in moments if moment > now]
        return coming[0] if coming else moments[0] + timedelta(days=0 if self._has_day else 1)

    @property
    def _has_day(self) -> bool:
        return (self.days, self.weekday, self.month_day) != (None, None, None)

    def _hours(self, today: bool) -> list[int]:
        """The hours of day that may be meant, the likeliest first."""
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
    """The 29th of February is the 1st of March in most years."""
    return date(year, month, 1) + timedelta(days=day - 1)


def duration_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, timedelta] | None:
    """The duration that begins at a word, and the index after it."""
    total, end = 0.0, at
    while part := _part_at(words, end + (end > at and words[end].text == "and"), numbers):
        end, seconds = part
        total += seconds
        if end >= len(words):
            break
    return (end, timedelta(seconds=total)) if total else None


def _part_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, float] | None:
    end, amount = _amount_at(words, at, numbers)
    if amount is None or end >= len(words) or words[end].text not in _SECONDS:
        return None
    unit = _SECONDS[words[end].text]
    if _texts(words, end + 1, 3) == ("and", "a", "half"):
        return end + 4, (amount + 0.5) * unit
    return end + 1, amount * unit


def _amount_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, float | None]:
    if at in numbers:
        return numbers[at]
    for length in (4, 3, 2, 1):
        if (amount := _AMOUNTS.get(_texts(words, at, length))) is not None:
            return at + length, amount
    return at, None


def when_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, When] | None:
    """The moment that begins at a word, and the index after it."""
    if words[at].text in ("in", "after") and (span := duration_at(words, at + 1, numbers)):
        return span[0], When(after=span[1])
    when, end = When(), at
    while end < len(words):
        step = _clock_at(words, end, numbers, when) or _day_at(words, end, numbers, when)
        if step is None:
            break
        end, when = step
    return (end, when) if end > at else None


def date_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, When] | None:
    """The day that begins at a word, and the index after it."""
    step = _day_at(words, at, numbers, When())
    return step if step and step[1].hour is None else None


def _texts(words: Sequence[Word], at: int, length: int) -> tuple[str, ...]:
    return tuple(word.text for word in words[at : at + length])


def _clock_at(
    words: Sequence[Word], at: int, numbers: Numbers, when: When
) -> tuple[int, When] | None:
    if when.hour is not None:
        return None
    introduced = words[at].text in ("at", "by", "for")
    start = at + introduced
    if start >= len(words):
        return None
    hour = _hour_at(words, start, numbers)
    if hour is None:
        return None
    end, hours, minutes, certain = hour
    end, afternoon = _half_of_day(words, end)
    if not (introduced or certain or afternoon is not None):
        return None
    return end, replace(when, hour=hours, minute=minutes, afternoon=afternoon)


def _hour_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, int, int, bool] | None:
    """(end, hour, minute, whether it can be nothing but a time)"""
    text = words[at].text
    if text in ("noon", "midday", "midnight"):
        return at + 1, 0 if text == "midnight" else 12, 0, True
    if ":" in text:
        hours, minutes = map(int, text.split(":"))
        return (at + 1, hours, minutes, True) if hours < 24 and minutes < 60 else None
    return _half_or_quarter(words, at, numbers) or _hour_and_minute(words, at, numbers)


def _half_or_quarter(
    words: Sequence[Word], at: int, numbers: Numbers
) -> tuple[int, int, int, bool] | None:
    at += words[at].text == "a"
    amounts = {"half": 30.0, "quarter": 15.0}
    end, minutes = numbers.get(at, (at + 1, amounts.get(_texts(words, at, 1)[0])))
    if minutes is None or end >= len(words):
        return None
    end += words[end].text in ("minutes", "minute")
    relation = _texts(words, end, 1)
    if relation not in (("past",), ("to",), ("after",), ("before",)) or end + 1 not in numbers:
        return None
    end, hour = numbers[end + 1]
    if not (0 <= hour <= 23 and 0 < minutes < 60):
        return None
    if relation in (("past",), ("after",)):
        return end, int(hour), int(minutes), True
    return end, (int(hour) - 1) % 12 or 12, 60 - int(minutes), True


def _hour_and_minute(
    words: Sequence[Word], at: int, numbers: Numbers
) -> tuple[int, int, int, bool] | None:
    end, hour = numbers.get(at, (at, -1.0))
    if hour != int(hour) or not 0 <= hour <= 23:
        return None
    if _texts(words, end, 1) == ("oclock",):
        return end + 1, int(hour), 0, True
    oh = end + (_texts(words, end, 1) in (("oh",), ("o",)))
    after, minute = numbers.get(oh, (end, -1.0))
    if minute == int(minute) and 0 <= minute < 60 and (oh > end or minute >= 10):
        return after, int(hour), int(minute), False
    return end, int(hour), 0, False


def _half_of_day(words: Sequence[Word], at: int) -> tuple[int, bool | None]:
    following = _texts(words, at, 3)
    for phrase, afternoon in (
        *((("a", "m"), False), (("p", "m"), True), (("am",), False), (("pm",), True)),
        *((("in", "the", "morning"), False), (("in", "the", "afternoon"), True)),
        *((("in", "the", "evening"), True), (("at", "night"), True), (("tonight",), True)),
    ):
        if following[: len(phrase)] == phrase:
            return at + len(phrase), afternoon
    return at, None


def _day_at(
    words: Sequence[Word], at: int, numbers: Numbers, when: When
) -> tuple[int, When] | None:
    if words[at].text in ("on", "this", "next", "in", "the", "by") and at + 1 < len(words):
        inner = _day_at(words, at + 1, numbers, when)
        return inner if inner is not None else None
    text = words[at].text
    if _texts(words, at, 3) == ("day", "after", "tomorrow"):
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
    for length in (3, 2, 1):
        if (found := _HOLIDAYS.get(_texts(words, at, length))) is not None:
            return at + length, replace(when, month_day=found)
    return None


def _month_at(
    words: Sequence[Word], at: int, numbers: Numbers, when: When
) -> tuple[int, When] | None:
    """December 24, December the twenty fourth, the 24th of December."""
    if words[at].text in _MONTHS:
        day_at = at + 1 + (_texts(words, at + 1, 1) == ("the",))
        day = _day_of_month(words, day_at, numbers)
        month = _MONTHS.index(words[at].text) + 1
        return (day[0], replace(when, month_day=(month, day[1]))) if day else None
    day = _day_of_month(words, at, numbers)
    if day is None:
        return None
    month_at = day[0] + (_texts(words, day[0], 1) == ("of",))
    month_word = _texts(words, month_at, 1)
    if not month_word or month_word[0] not in _MONTHS:
        return None
    return month_at + 1, replace(when, month_day=(_MONTHS.index(month_word[0]) + 1, day[1]))


def _day_of_month(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, int] | None:
    """24, 24 th, twenty fourth, fifth."""
    end, day = ordinals_in(words).get(at) or numbers.get(at, (at, 0.0))
    end += _texts(words, end, 1) in (("st",), ("nd",), ("rd",), ("th",))
    return (end, int(day)) if 1 <= day <= 31 else None
