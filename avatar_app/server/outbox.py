"""What waits to be sent to a client of a WebSocket; one that reads too slowly is given up."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

MOST_WAITING = 8 << 20
"""Bytes that may wait for a client: more than two minutes of speech."""
ROOM = 1 << 20
"""Bytes that wait while who has much to send goes on."""


class Outbox:
    """Sends events in their order. `put` is for the server's thread alone, and never waits."""

    def __init__(self, socket: WebSocket, most: int = MOST_WAITING) -> None:
        self._socket, self._most = socket, most
        self._waiting: asyncio.Queue[str | bytes] = asyncio.Queue()
        self._bytes = 0
        self.overflowed = asyncio.Event()
        self._sent = asyncio.Condition()

    @property
    def waiting(self) -> int:
        """Return the bytes that wait to be sent; from any thread."""
        return self._bytes

    def put(self, event: dict[str, Any]) -> None:
        """Send an event, with an identity of its own."""
        self._add(json.dumps({"event_id": f"event_{uuid4().hex[:16]}"} | event, ensure_ascii=False))

    def put_bytes(self, content: bytes) -> None:
        """Send a binary message."""
        self._add(content)

    async def run(self) -> None:
        """Send what waits, until the client has gone or does not read any more."""
        while True:
            message = await self._waiting.get()
            try:
                if isinstance(message, bytes):
                    await self._socket.send_bytes(message)
                else:
                    await self._socket.send_text(message)
            except (WebSocketDisconnect, RuntimeError):
                return
            self._bytes -= len(message)
            async with self._sent:
                self._sent.notify_all()

    async def room(self, most: int = ROOM) -> None:
        """Wait until no more than so many bytes wait: for what need not be sent in time."""
        async with self._sent:
            await self._sent.wait_for(lambda: self._bytes <= most)

    async def flush(self, seconds: float) -> None:
        """Wait until everything is sent, for so many seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.room(0)

    def _add(self, message: str | bytes) -> None:
        if self._bytes > self._most:
            self.overflowed.set()
            return
        self._bytes += len(message)
        self._waiting.put_nowait(message)
