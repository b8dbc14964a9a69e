"""Times as they are stored: texts that sort as the times do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def stored(at: datetime) -> str:
    """ISO 8601, UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def since(days: int, now: datetime | None = None) -> str:
    """Where the last `days` begin; empty, before all times, for 0 and where no calendar goes."""
    try:
        return stored((now or datetime.now(UTC)) - timedelta(days=days)) if days else ""
    except OverflowError:
        return ""
