"""Formats numbers, times and lists for speech, and splits answers into clauses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime

_CLAUSE = re.compile(r"\S.*?(?:[,.;:!?…]+[\"”’]?(?=\s)|$)\s*", re.DOTALL)
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_MIRROR = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself",
    "am": "are", "i'm": "you're", "i've": "you've", "i'll": "you'll", "i'd": "you'd",
    "you": "I", "your": "my", "yours": "mine", "yourself": "myself", "you're": "I'm",
    "our": "your", "we": "you", "us": "you", "was": "were",
}  # fmt: skip


def clauses(text: str) -> Iterator[str]:
    """Yield the text in pieces with which a voice can begin."""
    yield from _CLAUSE.findall(text)


def number(value: float) -> str:
    """Format a number: at most four decimals; 1,234,567; "about" where digits were dropped."""
    if isinstance(value, float) and not value.is_integer():
        return _fraction(value)
    text = f"{abs(int(value)):,}"
    if abs(value) >= 1e15:
        return f"about {value:.3g}".replace("e+", " times ten to the ")
    return f"minus {text}" if value < 0 else text


def _fraction(value: float) -> str:
    if abs(value) < 1e-4 or abs(value) >= 1e15:
        mantissa, exponent = f"{value:.3g}".split("e") if "e" in f"{value:.3g}" else (value, "0")
        return f"about {mantissa} times ten to the {int(exponent)}".replace("-", "minus ")
    digits = 2 if abs(value) >= 1 else 4
    rounded = round(value, digits)
    text = f"{abs(rounded):,.{digits}f}".rstrip("0").rstrip(".")
    sign = "minus " if value < 0 else ""
    return f"{sign}{text}" if abs(rounded - value) < 1e-9 else f"about {sign}{text}"


def counted(amount: int, noun: str) -> str:
    """Format a count: one note, 3 notes."""
    return f"one {noun}" if amount == 1 else f"{amount} {noun}s"


def duration(seconds: float) -> str:
    """Format the two largest units: 1 hour and 20 minutes."""
    left, parts = max(1, round(seconds)), []
    for unit, length in _UNITS:
        amount, left = divmod(left, length)
        if amount:
            parts.append(f"{amount} {unit}{'s' if amount > 1 else ''}")
    return " and ".join(parts[:2])


def clock(moment: datetime) -> str:
    """Format a time: 5:30 PM, noon, 5 o'clock."""
    if (moment.hour, moment.minute) in ((0, 0), (12, 0)):
        return "noon" if moment.hour else "midnight"
    return f"{moment:%I:%M %p}".lstrip("0").replace(":00", "")


def day(moment: date) -> str:
    """Format a day: Saturday, November 21."""
    return f"{moment:%A}, {moment:%B} {moment.day}"


def past_day(moment: date, today: date) -> str:
    """Format a day that has been: today, yesterday, on Saturday, on Saturday, November 21."""
    days = (today - moment).days
    if days <= 1:
        return "yesterday" if days == 1 else "today"
    return f"on {moment:%A}" if days < 7 else f"on {day(moment)}"


def moment(due: datetime, now: datetime) -> str:
    """Format a moment: at 5:30 PM, tomorrow at noon, on Monday, November 23 at 9 AM."""
    days = (due.date() - now.date()).days
    prefix = {0: "at ", 1: "tomorrow at "}.get(days, f"on {day(due)} at ")
    return prefix + clock(due)


def listing(items: Sequence[str]) -> str:
    """Format a list: a, b and c."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def mirrored(text: str) -> str:
    """Swap first and second person: "call my mom" becomes "call your mom"."""
    return " ".join(_MIRROR.get(word.lower(), word) for word in text.split())
