"""Parses spoken durations and times of day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from avatar_app.engines.dialogue.builtin.dates import When, day_at
from avatar_app.engines.dialogue.builtin.words import (
    Numbers,
    Word,
    phrase_at,
    texts,
)

_SECONDS = {
    **dict.fromkeys(("second", "seconds", "sec", "secs"), 1),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), 60),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), 3600),
    **dict.fromkeys(("day", "days"), 86400),
    **dict.fromkeys(("week", "weeks"), 7 * 86400),
}
_AMOUNTS: dict[tuple[str, ...], float] = {
    ("half", "an"): 0.5, ("half", "a"): 0.5, ("half",): 0.5, ("a", "half"): 0.5,
    ("quarter", "of", "an"): 0.25, ("a", "quarter", "of", "an"): 0.25, ("a", "quarter"): 0.25,
    ("three", "quarters", "of", "an"): 0.75, ("a", "couple", "of"): 2, ("a", "couple"): 2,
    ("couple", "of"): 2, ("a", "few"): 3, ("an",): 1, ("a",): 1, ("a", "dozen"): 12,
}  # fmt: skip
_HALVES: dict[tuple[str, ...], bool] = {
    ("a", "m"): False,
    ("am",): False,
    ("in", "the", "morning"): False,
    ("p", "m"): True,
    ("pm",): True,
    ("in", "the", "afternoon"): True,
    ("in", "the", "evening"): True,
    ("at", "night"): True,
    ("tonight",): True,
}


def duration_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, timedelta] | None:
    """Parse the duration that begins at a word; returns it with the index after it."""
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
    if texts(words, end + 1, 3) == ("and", "a", "half"):
        return end + 4, (amount + 0.5) * unit
    return end + 1, amount * unit


def _amount_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, float | None]:
    if at in numbers:
        return numbers[at]
    return phrase_at(words, at, _AMOUNTS) or (at, None)


def when_at(words: Sequence[Word], at: int, numbers: Numbers) -> tuple[int, When] | None:
    """Parse the moment that begins at a word; returns it with the index after it."""
    if words[at].text in ("in", "after") and (span := duration_at(words, at + 1, numbers)):
        return span[0], When(after=span[1])
    when, end = When(), at
    while end < len(words):
        step = _clock_at(words, end, numbers, when) or day_at(words, end, numbers, when)
        if step is None:
            break
        end, when = step
    return (end, when) if end > at else None


def _clock_at(
    words: Sequence[Word], at: int, numbers: Numbers, when: When
) -> tuple[int, When] | None:
    if when.hour is not None:
        return None
    introduced = words[at].text in ("at", "by", "for") or (when.has_day and words[at].text == "and")
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
    """Return (end, hour, minute, whether it can only be a time)."""
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
    end, minutes = numbers.get(at, (at + 1, amounts.get("".join(texts(words, at, 1)))))
    if minutes is None or end >= len(words):
        return None
    end += words[end].text in ("minutes", "minute")
    relation = texts(words, end, 1)
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
    if texts(words, end, 1) == ("oclock",):
        return end + 1, int(hour), 0, True
    oh = end + (texts(words, end, 1) in (("oh",), ("o",)))
    after, minute = numbers.get(oh, (end, -1.0))
    if minute == int(minute) and 0 <= minute < 60 and (oh > end or minute >= 10):
        return after, int(hour), int(minute), False
    return end, int(hour), 0, False


def _half_of_day(words: Sequence[Word], at: int) -> tuple[int, bool | None]:
    return phrase_at(words, at, _HALVES) or (at, None)
