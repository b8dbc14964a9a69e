"""Timestamps in storage: text that sorts in time order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def format_timestamp(at: datetime) -> str:
    """Format a time as ISO 8601, UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def since(days: int, now: datetime | None = None) -> str:
    """Return the start of the last `days` as a timestamp; empty, before all times, for 0 or dates
    before the calendar.
    """
    try:
        return format_timestamp((now or datetime.now(UTC)) - timedelta(days=days)) if days else ""
    except OverflowError:
        return ""
