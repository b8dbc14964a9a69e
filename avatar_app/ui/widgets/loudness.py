"""How loud a level looks."""

from __future__ import annotations

QUIET_DB, LOUD_DB = -55.0, -12.0
"""The levels that are shown as nothing and as all."""


def loudness(db: float) -> float:
    """A level as a number in [0, 1] for the eye."""
    return min(1.0, max(0.0, (db - QUIET_DB) / (LOUD_DB - QUIET_DB)))
