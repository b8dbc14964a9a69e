"""One server in use: connected when it is needed, given up when it hangs. Loads the SDK.

Everything here runs on the event loop of `McpHub`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import anyio
import httpx2
import mcp.types as mcp_types
from mcp import Client
from mcp.shared.exceptions import MCPError

from avatar_app import __version__
from avatar_app.agents.mcp.approval import McpTool, described
from avatar_app.agents.mcp.results import as_text
from avatar_app.agents.mcp.servers import McpServer
from avatar_app.agents.mcp.transports import AnswerTooLarge, http_transport, program_transport
from avatar_app.core.errors import DeviceUnavailable, EngineFailed

CONNECT_SECONDS = 20.0
"""Until a program has started and introduced itself."""
MOST_PAGES = 8
"""Of a server's list of tools."""
FAILURES = (
    OSError,
    MCPError,
    httpx2.HTTPError,
    anyio.ClosedResourceError,
    RuntimeError,
    ValueError,
)
"""What the SDK raises for a server that is not there, breaks the protocol or ends."""


class Connection:
    """To one server."""

    def __init__(self, name: str, server: McpServer, log: int) -> None:
        """`log`: a file descriptor for what a program writes to its standard error."""
        self._name, self._server, self._log = name, server, log
        self._opened: asyncio.Future[Client] | None = None
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._too_large = False

    async def tools(self) -> tuple[McpTool, ...]:
        """Return what the server offers now. Raises AvatarError."""
        found: list[tuple[str, str, Any, bool]] = []
        cursor: str | None = None
        async with self._watched(CONNECT_SECONDS + self._server.patience):
            client = await self._client()
            for _ in range(MOST_PAGES):
                page = await client.list_tools(cursor=cursor)
                found += [_offered(tool) for tool in page.tools]
                cursor = page.next_cursor
                if cursor is None:
                    break
        return described(found)

    async def call(self, tool: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """Return the text of a tool's result, and whether it is an error. Raises AvatarError."""
        async with self._watched(CONNECT_SECONDS + self._server.patience):
            client = await self._client()
            result = await client.call_tool(tool, arguments)
        return as_text(result), result.is_error

    async def close(self) -> None:
        """End the session, and the program."""
        self._closing.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=CONNECT_SECONDS)
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._task, self._opened = None, None
        self._closing = asyncio.Event()

    def _watched(self, seconds: float) -> _Watch:
        return _Watch(self, seconds)

    async def _client(self) -> Client:
        if self._task is None or self._task.done():
            self._too_large = False
            self._opened = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._hold(self._opened))
        assert self._opened is not None
        return await asyncio.wait_for(asyncio.shield(self._opened), CONNECT_SECONDS)

    async def _hold(self, opened: asyncio.Future[Client]) -> None:
        """Keep the session; one task has to open and close it."""
        roots: Any = self._roots if self._server.folders else None
        try:
            async with Client(
                self._transport(),
                read_timeout_seconds=self._server.patience,
                list_roots_callback=roots,
                mode="legacy" if roots else "auto",  # the protocol of 2026 has no roots
                message_handler=self._hear,
                client_info=mcp_types.Implementation(name="avatar_app", version=__version__),
                cache=None,
            ) as client:
                opened.set_result(client)
                await self._closing.wait()
        except (*FAILURES, ExceptionGroup) as error:
            if not opened.done():
                opened.set_exception(_first(error))
                opened.exception()  # else asyncio warns where the caller has given up

    def _transport(self) -> Any:
        server = self._server
        if server.url:
            return http_transport(server.url, server.headers)
        return program_transport(server.command, server.env, self._log)

    async def _roots(self, _context: Any) -> mcp_types.ListRootsResult:
        roots = [
            mcp_types.Root.model_validate({"uri": folder.as_uri(), "name": folder.name})
            for folder in self._server.folders
        ]
        return mcp_types.ListRootsResult(roots=roots)

    async def _hear(self, message: Any) -> None:
        self._too_large = self._too_large or isinstance(message, AnswerTooLarge)

    def reason(self, error: BaseException) -> str:
        """Return why the server failed, as a sentence."""
        name, server = self._name, self._server
        if self._too_large or "sent too much" in str(error):
            return f"The server {name} sent more than I take."
        if isinstance(error, FileNotFoundError):
            return f"The program {server.command[0]} of the server {name} is not installed."
        if isinstance(error, TimeoutError) or "timed out" in str(error).lower():
            return f"The server {name} did not answer within {server.patience:.0f} seconds."
        if isinstance(error, httpx2.HTTPError | OSError):
            return f"The server {name} at {server.place} can't be reached."
        return f"The server {name} ended, or does not keep to the protocol."


class _Watch:
    """Limits the time of what is done with a connection, and closes one that failed."""

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._connection, self._timeout = connection, asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as late:
            error = late
        if error is None or isinstance(error, asyncio.CancelledError):
            return
        if not isinstance(error, (*FAILURES, TimeoutError)):
            return
        reason = self._connection.reason(error)
        await self._connection.close()
        hint = "Look at it in the settings, or test it with: avatar-app mcp test"
        kind = DeviceUnavailable if isinstance(error, OSError) else EngineFailed
        raise kind(reason, hint) from error


def _offered(tool: mcp_types.Tool) -> tuple[str, str, Any, bool]:
    hints = tool.annotations
    only_reads = bool(hints and hints.read_only_hint)
    return tool.name, tool.description or "", tool.input_schema, only_reads


def _first(error: BaseException) -> BaseException:
    """Return the first of a group of errors that says something."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
