"""Maps sound levels to visual loudness."""

from __future__ import annotations

QUIET_DB, LOUD_DB = -55.0, -12.0
"""The levels that are shown as nothing and as full."""


def loudness(db: float) -> float:
    """Return a level as a number in [0, 1]."""
    return min(1.0, max(0.0, (db - QUIET_DB) / (LOUD_DB - QUIET_DB)))
