"""Short-lived tokens for browsers: what a page keeps in its memory opens nothing for long."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

SHORT_PREFIX = "ek_"
"""As OpenAI's client secrets begin."""
SHORT_SECONDS = 120.0
"""Seconds for which a token opens new connections; those that are open stay so."""
MOST_SHORT = 10_000


@dataclass(frozen=True, slots=True)
class ShortToken:
    """A token, and for whom it stands."""

    value: str
    owner: str
    until: float
    """Seconds of the clock."""


class ShortTokens:
    """Kept in memory alone. For one thread, that of the server."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tokens: dict[str, ShortToken] = {}

    def issue(self, owner: str) -> ShortToken:
        """Return a new token of a client."""
        now = self._clock()
        self._tokens = {name: each for name, each in self._tokens.items() if each.until > now}
        while len(self._tokens) >= MOST_SHORT:
            del self._tokens[next(iter(self._tokens))]
        value = SHORT_PREFIX + secrets.token_urlsafe(24)
        token = self._tokens[value] = ShortToken(value, owner, now + SHORT_SECONDS)
        return token

    def owner_of(self, value: str) -> str | None:
        """Return whose token it is; None for an unknown one, or one that is too old."""
        token = self._tokens.get(value)
        return token.owner if token is not None and token.until > self._clock() else None
