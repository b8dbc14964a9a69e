"""Speaks dates and times of day in words."""

from __future__ import annotations

import re

from avatar_app.engines.tts.speech.spelling import Spelling

DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})")
LOCAL_DATE = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})")
SLASHED_DATE = re.compile(r"(?P<first>\d{1,2})/(?P<second>\d{1,2})/(?P<year>\d{4}|\d{2})")
MONTH_OF_YEAR = re.compile(r"(?P<month>\d{1,2})/(?P<year>(?:19|20)\d{2})")
TIME = re.compile(r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?P<half>[ap]\.?m)?", re.IGNORECASE)
EXACT_TIME = re.compile(r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-5]\d)")
MOMENT = re.compile(
    rf"(?P<date>{re.sub('P<[a-z]+>', ':', DATE.pattern)})T(?P<time>\d{{2}}:\d{{2}})"
    r"(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?"
)
"""ISO 8601."""
_MONTHS = 12
_THIS_CENTURY = 2000
_LAST_CENTURY_FROM = 70


def date(match: re.Match[str], spelling: Spelling) -> str:
    return _day(int(match["day"]), int(match["month"]), match, spelling)


def slashed_date(match: re.Match[str], spelling: Spelling) -> str:
    """Return a date with slashes: in the only valid order, otherwise in that of the country."""
    day, month = day_and_month(int(match["first"]), int(match["second"]), spelling)
    return _day(day, month, match, spelling)


def month_of_year(match: re.Match[str], spelling: Spelling) -> str:
    """Return “12/2026” in words; empty if it is no month."""
    month, year = int(match["month"]), int(match["year"])
    if not is_date(1, month):
        return ""
    return f"{spelling.month(month)} {spelling.year(year)}"


def exact_time(match: re.Match[str], spelling: Spelling) -> str:
    """Return a time with seconds; empty where the language has no word for them."""
    if "s" not in spelling.units:
        return ""
    said = spelling.time(int(match["hour"]), int(match["minute"]), exact=False)
    seconds = spelling.units["s"][int(match["second"]) != 1]
    return f"{said}, {spelling.cardinal(match['second'])} {seconds}"


def day_and_month(first: int, second: int, spelling: Spelling) -> tuple[int, int]:
    month_first = spelling.month_first if max(first, second) <= _MONTHS else second > _MONTHS
    return (second, first) if month_first else (first, second)


def is_date(day: int, month: int) -> bool:
    return 1 <= month <= _MONTHS and 1 <= day <= 31


def _day(day: int, month: int, match: re.Match[str], spelling: Spelling) -> str:
    if not is_date(day, month):
        return match[0]
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += _THIS_CENTURY - 100 * (year >= _LAST_CENTURY_FROM)
    return spelling.date(day, month, year)
