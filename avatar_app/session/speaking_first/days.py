"""Finds the day that a remembered fact names: “on Tuesday”, “December 1”, “am Freitag”."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from avatar_app.session.speaking_first.words import FirstWords, first_words

_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")


def day_named(text: str, said_on: date) -> date | None:
    """Return the day that a text of any known language names, seen from the day on which it was
    said: the next such day where it has no year. None where it names none."""
    lowered = text.casefold()
    if iso := _ISO.search(lowered):
        return _date(*map(int, iso.groups()))
    for find in (_date_in, _weekday_in, _relative_day_in):  # "Tuesday morning" is no tomorrow
        for words in first_words().values():
            if (found := find(lowered, words, said_on)) is not None:
                return found
    return None


def is_yearly(attribute: str) -> bool:
    """Whether this comes again every year: a birthday."""
    lowered = attribute.casefold()
    return any(word in lowered for words in first_words().values() for word in words.yearly)


def _date_in(text: str, words: FirstWords, said_on: date) -> date | None:
    match = _month_pattern(tuple(words.months)).search(text)
    if match is None:
        return None
    month = words.months.index(match["month"] or match["month_2"]) + 1
    day, year = int(match["day"] or match["day_2"]), match["year"] or match["year_2"]
    if year:
        return _date(int(year), month, day)
    this, following = (_date(said_on.year + later, month, day) for later in (0, 1))
    return this if this is None or this >= said_on else following


def _weekday_in(text: str, words: FirstWords, said_on: date) -> date | None:
    for number, name in enumerate(words.weekdays):
        if re.search(rf"\b{name}", text):
            return said_on + timedelta(days=(number - said_on.weekday() - 1) % 7 + 1)
    return None


def _relative_day_in(text: str, words: FirstWords, said_on: date) -> date | None:
    for name, days in _longest_first(words):
        if re.search(rf"\b{re.escape(name)}\b", text):
            return said_on + timedelta(days=days)
    return None


def _longest_first(words: FirstWords) -> Iterator[tuple[str, int]]:
    yield from sorted(words.relative.items(), key=lambda entry: -len(entry[0]))


@cache
def _month_pattern(months: tuple[str, ...]) -> re.Pattern[str]:
    names, ending = "|".join(months), r"(?:st|nd|rd|th|er|\.)?"
    year = r"(?:,?\s+(?:de\s+|of\s+)?(?P<{}>\d{{4}}))?"
    return re.compile(
        rf"\b(?P<day>\d{{1,2}}){ending}\s+(?:of\s+|de\s+)?(?P<month>{names})\b{year.format('year')}"
        rf"|\b(?P<month_2>{names})\s+(?:the\s+)?(?P<day_2>\d{{1,2}}){ending}\b"
        rf"{year.format('year_2')}"
    )


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
