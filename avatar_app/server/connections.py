"""Connections before they ask for anything: how many of one address, and for how long."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from avatar_app.core.errors import AvatarError
from avatar_app.server.refusal import RequestRefused, error_of, status_of
from avatar_app.server.security.limits import Limits


class LimitedConnection(H11Protocol):
    """uvicorn's protocol of HTTP, which alone waits for ever for a request's headers."""

    def __init__(self, limits: Limits, **given: Any) -> None:
        """`given`: what uvicorn gives to each connection."""
        super().__init__(**given)
        self._limits = limits

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = _address_of(transport)
        opened = sum(_address_of(each.transport) == address for each in self.connections)
        if opened > self._limits.connections:
            self._refuse(
                RequestRefused(429, "Too many connections are open.", "Close some.", "too_many")
            )
            return
        self.loop.call_later(self._limits.header_seconds, self._give_up)

    def _give_up(self) -> None:
        """Close a connection over which nothing was asked for until now."""
        request: object = self.cycle  # None until there is one, whatever uvicorn declares
        nothing_asked = request is None and self.transport.get_protocol() is self
        if nothing_asked and not self.transport.is_closing():
            self._refuse(RequestRefused(408, "The request did not come.", "Send it at once."))

    def _refuse(self, error: AvatarError) -> None:
        body = json.dumps({"error": error_of(error)})
        status = HTTPStatus(status_of(error))
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write((head + body).encode("ascii"))
        self.transport.close()


def _address_of(transport: asyncio.BaseTransport | None) -> str:
    peer = transport.get_extra_info("peername") if transport is not None else None
    return str(peer[0]) if peer else ""
