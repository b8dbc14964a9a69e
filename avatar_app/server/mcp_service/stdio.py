"""The agent that started the server: the Model Context Protocol over stdin and stdout."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec

from avatar_app.core.errors import ModelMissing
from avatar_app.server.parts import ServerParts
from avatar_app.server.tasks import begun

STDIN = 0
PIECE = 1 << 16
"""Bytes that are passed on at a time."""


class StdioAgent:
    """Answers one agent until it closes its end, or the server stops. What else is printed goes to
    stderr meanwhile."""

    def __init__(self, parts: ServerParts, has_gone: Callable[[], None]) -> None:
        """`has_gone` is called when the agent has closed its end. Raises ModelMissing."""
        if find_spec("mcp") is None:
            raise ModelMissing(
                "Agents are served by mcp, which is not installed.",
                "Type: avatar-app extras add serve",
            )
        self._parts, self._has_gone = parts, has_gone
        self._input: _EndableInput | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to answer."""
        self._input = _EndableInput()
        self._serving = begun(self._serve(), "agent at stdin")

    async def close(self) -> None:
        """Answer no more."""
        if self._input is not None:
            self._input.end()
        if self._serving is not None:
            await asyncio.gather(self._serving, return_exceptions=True)

    async def _serve(self) -> None:
        from avatar_app.server.mcp_service.tools import make_mcp_server

        try:
            await make_mcp_server(self._parts).run_stdio_async()
        finally:
            self._has_gone()


class _EndableInput:
    """Stands between stdin and its reader: a read that waits for an agent could never be ended, one
    that waits for this pipe ends with it."""

    def __init__(self) -> None:
        self._agent = os.dup(STDIN)
        outlet, self._inlet = os.pipe()
        os.dup2(outlet, STDIN)
        os.close(outlet)
        self._lock, self._is_open = threading.Lock(), True
        threading.Thread(target=self._pass_on, name="stdin", daemon=True).start()

    def end(self) -> None:
        """Let the reader find the end."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                os.close(self._inlet)

    def _pass_on(self) -> None:
        going_on = True
        with suppress(OSError):  # the agent or the reader has gone
            while going_on and (piece := os.read(self._agent, PIECE)):
                going_on = self._put(piece)
        self.end()

    def _put(self, piece: bytes) -> bool:
        while piece and self._is_open:
            piece = piece[os.write(self._inlet, piece) :]
        return self._is_open
