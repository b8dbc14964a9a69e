"""Accepts clients of the Wyoming service, within the limits of the server."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress

from wyoming.error import Error
from wyoming.event import async_write_event

from avatar_app.core.errors import AvatarError
from avatar_app.server.parts import ServerParts
from avatar_app.server.security.limits import ClientLimiter
from avatar_app.server.wyoming_service.connection import WyomingConnection
from avatar_app.server.wyoming_service.memory import TalkMemory

log = logging.getLogger(__name__)


class WyomingListener:
    """Serves a listening socket. The protocol knows no tokens: who can reach it may use it."""

    def __init__(self, parts: ServerParts, listening: socket.socket) -> None:
        self._parts, self._socket = parts, listening
        self._memory = TalkMemory(parts.clock)
        self._limiter = ClientLimiter(parts.limits, parts.clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accepted, sock=self._socket)

    async def close(self) -> None:
        """Accept nobody else, and close what is open."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client in a task of our own: asyncio takes a cancelled one of its own for a
        failed one."""
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = str(writer.get_extra_info("peername")[0])
        try:
            with self._limiter.request(client):
                await WyomingConnection(self._parts, client, writer, self._memory).run(reader)
        except AvatarError as error:
            log.info("a Wyoming client was refused: %s", error)
            with suppress(OSError):
                await async_write_event(Error(str(error)).event(), writer)
        except (OSError, TimeoutError):
            log.info("a Wyoming client has gone")
        finally:
            writer.close()
