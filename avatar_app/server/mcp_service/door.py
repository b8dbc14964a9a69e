"""The path /mcp: agents reach their tools by streamable HTTP, behind the guard of the server."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

from avatar_app.server.parts import ServerParts
from avatar_app.server.refusal import RequestRefused
from avatar_app.server.tasks import begun

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.transport_security import TransportSecuritySettings

PATH = "/mcp"


class McpDoor:
    """An ASGI application. The protocol's library, which takes seconds to load, is loaded with the
    first request."""

    def __init__(self, parts: ServerParts) -> None:
        self._parts = parts
        self._opening: asyncio.Task[ASGIApp] | None = None
        self._held: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._opening is None or _has_failed(self._opening):
            if find_spec("mcp") is None:
                raise RequestRefused(
                    501, "The server needs mcp, which is not installed.", "Install the extra serve."
                )
            self._opening = asyncio.create_task(self._open())
        app = await asyncio.shield(self._opening)
        await app(scope, receive, send)

    async def _open(self) -> ASGIApp:
        opened: asyncio.Future[ASGIApp] = asyncio.get_running_loop().create_future()
        self._held = begun(self._hold(opened), "sessions of agents")
        waited: set[asyncio.Future[Any]] = {self._held, opened}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not opened.done():
            self._held.result()  # raises why
        return opened.result()

    async def _hold(self, opened: asyncio.Future[ASGIApp]) -> None:
        """Keep the sessions until the server stops; one task has to open and close them."""
        server, security = await asyncio.to_thread(_make, self._parts)
        app = server.streamable_http_app(
            streamable_http_path=PATH,
            json_response=True,
            stateless_http=True,
            transport_security=security,
        )
        async with server.session_manager.run():
            opened.set_result(app)
            await self._parts.stopping.wait()


def _has_failed(task: asyncio.Task[ASGIApp]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _make(parts: ServerParts) -> tuple[MCPServer[Any], TransportSecuritySettings]:
    from mcp.server.transport_security import TransportSecuritySettings

    from avatar_app.server.mcp_service.tools import make_mcp_server

    # the guard knows by which names the server is called, and has checked them
    return make_mcp_server(parts), TransportSecuritySettings(enable_dns_rebinding_protection=False)
