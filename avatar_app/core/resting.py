"""The event of an avatar that rests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resting:
    """The avatar waits for its wake word, or no longer does."""

    phrase: str
    """What to say to call it; empty where it listens to everything."""
