"""How long ago a conversation was, in words: the group it is listed in, its time, its length."""

from __future__ import annotations

from datetime import date, datetime

from avatar_app.ui.language.formats import clock_text, day_text, duration_text
from avatar_app.ui.language.texts import translated

WEEK = 7
"""Days that have their names."""


def group_title(at: datetime, today: date, *, pinned: bool = False) -> str:
    """Under which heading a conversation stands that ended at `at`, local time."""
    if pinned:
        return translated("Pinned")
    days = (today - at.date()).days
    if days <= 0:
        return translated("Today")
    if days == 1:
        return translated("Yesterday")
    if days < WEEK:
        return translated("Last seven days")
    return day_text(at, "MMMM" if at.year == today.year else "MMMM yyyy")


def short_time(at: datetime, today: date) -> str:
    """When it was, as briefly as can be: the clock, the weekday, or the day."""
    days = (today - at.date()).days
    if days <= 1:
        return clock_text(at)
    return day_text(at, "ddd" if days < WEEK else translated("d MMM"))


def long_time(at: datetime) -> str:
    """Day and clock in full."""
    return f"{day_text(at)}, {clock_text(at)}"


def length(seconds: float) -> str:
    """“4 min”, “2 h 5 min”; empty for less than half a minute."""
    minutes = round(seconds / 60)
    return duration_text(60 * minutes) if minutes else ""
