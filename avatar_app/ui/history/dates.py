"""How long ago a conversation was, in words: the group it is listed in, its time, its length."""

from __future__ import annotations

from datetime import date, datetime

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, QTime

WEEK = 7
"""Days that have their names."""


def group_title(at: datetime, today: date, *, pinned: bool = False) -> str:
    """Under which heading a conversation stands that ended at `at`, local time."""
    if pinned:
        return _tr("Pinned")
    days = (today - at.date()).days
    if days <= 0:
        return _tr("Today")
    if days == 1:
        return _tr("Yesterday")
    if days < WEEK:
        return _tr("Last seven days")
    form = "MMMM" if at.year == today.year else "MMMM yyyy"
    return QLocale().toString(QDate(at.year, at.month, 1), form)


def short_time(at: datetime, today: date) -> str:
    """When it was, as briefly as can be: the clock, the weekday, or the day."""
    days = (today - at.date()).days
    day = QDate(at.year, at.month, at.day)
    if days <= 1:
        return QLocale().toString(QTime(at.hour, at.minute), QLocale.FormatType.ShortFormat)
    return QLocale().toString(day, "ddd" if days < WEEK else "d MMM")


def long_time(at: datetime) -> str:
    """Day and clock in full."""
    moment = QDateTime(QDate(at.year, at.month, at.day), QTime(at.hour, at.minute))
    day = QLocale().toString(moment.date(), QLocale.FormatType.LongFormat)
    return f"{day}, {QLocale().toString(moment.time(), QLocale.FormatType.ShortFormat)}"


def length(seconds: float) -> str:
    """“4 min”, “2 h 5 min”; empty for less than half a minute."""
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    if not minutes:
        return ""
    if not hours:
        return _tr("{minutes} min").format(minutes=minutes)
    return _tr("{hours} h {minutes} min").format(hours=hours, minutes=rest)


def _tr(text: str) -> str:
    return QCoreApplication.translate("History", text)
