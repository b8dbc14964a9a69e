"""The thread on which foreign servers live: blocking calls from outside, one event loop inside."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from avatar_app.agents.mcp.approval import McpTool
from avatar_app.agents.mcp.servers import McpServer
from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.turn import Turn

if TYPE_CHECKING:  # it loads the SDK
    from avatar_app.agents.mcp.connection import Connection

T = TypeVar("T")

LARGEST_LOG = 2**20
"""Bytes of what servers write to their standard error; the file begins again after that."""


class McpHub:
    """Connects when it is asked, and keeps connections until it is closed. Thread-safe."""

    def __init__(self, log: Path | None = None) -> None:
        """`log`: a file for what programs write to their standard error; None drops it."""
        self._log, self._lock = log, threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._errors = -1
        self._connections: dict[str, tuple[McpServer, Connection]] = {}

    def tools(self, name: str, server: McpServer) -> tuple[McpTool, ...]:
        """Return what a server offers now. Raises AvatarError; takes seconds."""
        return self._run(lambda: self._with(name, server, lambda link: link.tools()))

    def call(
        self, name: str, server: McpServer, tool: str, arguments: dict[str, Any], turn: Turn | None
    ) -> tuple[str, bool]:
        """Call a tool: its text, and whether it is an error. Ends with the turn.

        Raises AvatarError and TurnCancelled.
        """
        return self._run(
            lambda: self._with(name, server, lambda link: link.call(tool, arguments)), turn
        )

    def drop(self, name: str) -> None:
        """End the connection to a server, if there is one."""
        if self._loop is not None:
            self._run(lambda: self._drop(name))

    def close(self) -> None:
        """End all servers and the thread. May be called twice."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._close_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        if self._errors >= 0:
            os.close(self._errors)
            self._errors = -1

    def _run(self, make: Callable[[], Coroutine[Any, Any, T]], turn: Turn | None = None) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(make(), self._started())
        if turn is not None:
            turn.when_cancelled(partial(_cancel, future))
        try:
            return future.result()
        except CancelledError:
            if turn is not None:
                turn.check()
            raise

    def _started(self) -> asyncio.AbstractEventLoop:
        if find_spec("mcp") is None:
            raise ConfigInvalid(
                "Tools of other programs need mcp, which is not installed.",
                "Install it: avatar-app extras add mcp",
            )
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._errors = _opened(self._log)
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="mcp", daemon=True
                )
                self._thread.start()
            return self._loop

    async def _with(
        self, name: str, server: McpServer, use: Callable[[Connection], Coroutine[Any, Any, T]]
    ) -> T:
        known = self._connections.get(name)
        if known is None or known[0] != server:
            await self._drop(name)
            connection = await asyncio.to_thread(_connection, name, server, self._errors)
            known = self._connections[name] = server, connection
        return await use(known[1])

    async def _drop(self, name: str) -> None:
        known = self._connections.pop(name, None)
        if known is not None:
            await known[1].close()

    async def _close_all(self) -> None:
        await asyncio.gather(*(self._drop(name) for name in list(self._connections)))


def _cancel(future: Future[Any]) -> None:
    future.cancel()


def _connection(name: str, server: McpServer, log: int) -> Connection:
    """Load the SDK, which takes seconds."""
    from avatar_app.agents.mcp.connection import Connection

    return Connection(name, server, log)


def _opened(log: Path | None) -> int:
    if log is None:
        return os.open(os.devnull, os.O_WRONLY)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        again = os.O_TRUNC if log.exists() and log.stat().st_size > LARGEST_LOG else os.O_APPEND
        return os.open(log, os.O_WRONLY | os.O_CREAT | again, 0o600)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)
