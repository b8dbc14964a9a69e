"""Limits of how much one client may ask for: rate, requests at once, and sizes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from avatar_app.server.refusal import RequestRefused

MB = 1 << 20
MOST_CLIENTS = 10_000
"""Clients whose rates are remembered."""
LEAVING = 3.0
"""Seconds in which a conversation that has ended gives back its place."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may do; the defaults are far above what a person needs."""

    per_second: float = 20.0
    """Requests, over a longer time."""
    burst: int = 100
    """Requests at a time."""
    at_once: int = 32
    """Requests and connections that are open."""
    body: int = 1 * MB
    """Bytes of a request."""
    upload: int = 64 * MB
    """Bytes of a request with a recording."""
    message: int = 1 * MB
    """Bytes of one message on a WebSocket."""
    messages_per_second: float = 200.0
    """Messages on one WebSocket, over a longer time."""
    message_burst: int = 2_000
    """Messages on one WebSocket at a time."""
    connections: int = 128
    """Connections of one address that are open."""
    header_seconds: float = 20.0
    """Seconds in which a connection must have asked for something."""
    body_seconds: float = 120.0
    """Seconds in which the body of a request must have come."""
    send_seconds: float = 30.0
    """Seconds for which a client may not read what is sent to it."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float
    open: int = 0


class MessageLimiter:
    """Counts the messages of one WebSocket."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits, self._clock = limits, clock
        self._left, self._at = float(limits.message_burst), clock()

    def check(self) -> None:
        """Count a message. Raises RequestRefused for one too many."""
        now, limits = self._clock(), self._limits
        gained = (now - self._at) * limits.messages_per_second
        self._left, self._at = min(limits.message_burst, self._left + gained) - 1, now
        if self._left < 0:
            raise _too_many("Too many messages in a short time.", "Send larger ones.")


class SessionLimiter:
    """Counts conversations, in all and of each client."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: list[str] = []
        self._ended = asyncio.Event()

    @property
    def open(self) -> int:
        """Return how many there are."""
        return len(self._open)

    @asynccontextmanager
    async def one(self, client: str) -> AsyncIterator[None]:
        """Count a conversation until it ends. One too many waits for LEAVING, as that of a client
        who comes back may still be closing. Raises RequestRefused if none has ended then."""
        try:
            async with asyncio.timeout(LEAVING):
                while len(self._open) >= self.most:
                    self._ended.clear()
                    await self._ended.wait()
        except TimeoutError as error:
            raise _too_many(
                f"{self.most} conversations are under way, which is all the server holds.",
                "Try later, or start it with more --sessions.",
            ) from error
        self._open.append(client)
        try:
            yield
        finally:
            self._open.remove(client)
            self._ended.set()


class ClientLimiter:
    """Counts the requests of each client. For one thread, that of the server."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits, self._clock = limits, clock
        self._buckets: dict[str, _Bucket] = {}

    @contextmanager
    def request(self, client: str) -> Iterator[None]:
        """Count a request until it ends. Raises RequestRefused for one too many."""
        bucket = self._filled(client)
        if bucket.left < 1:
            raise _too_many("Too many requests in a short time.", "Wait a moment.")
        if bucket.open >= self._limits.at_once:
            raise _too_many("Too many requests at once.", "Wait until others have ended.")
        bucket.left -= 1
        bucket.open += 1
        try:
            yield
        finally:
            bucket.open -= 1

    def _filled(self, client: str) -> _Bucket:
        now, limits = self._clock(), self._limits
        bucket = self._buckets.pop(client, None) or _Bucket(limits.burst, now)
        bucket.left = min(limits.burst, bucket.left + (now - bucket.at) * limits.per_second)
        bucket.at = now
        self._buckets[client] = bucket
        if len(self._buckets) > MOST_CLIENTS:
            self._forget_oldest()
        return bucket

    def _forget_oldest(self) -> None:
        idle = next((name for name, bucket in self._buckets.items() if not bucket.open), None)
        if idle is not None:
            del self._buckets[idle]


def _too_many(message: str, hint: str) -> RequestRefused:
    return RequestRefused(429, message, hint, "rate_limit_exceeded")
