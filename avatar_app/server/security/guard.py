"""The guard before all endpoints: names, tokens, rates, sizes, and clients that do not read."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avatar_app.core.errors import AvatarError
from avatar_app.server.refusal import RequestRefused, error_of, status_of
from avatar_app.server.security.hosts import HostCheck
from avatar_app.server.security.limits import ClientLimiter, Limits

log = logging.getLogger(__name__)

OPEN = frozenset(("/health", "/v1/devices/pair", "/"))
"""Paths that need no token."""
OPEN_FOLDER = "/page/"
"""Files of the page, which anybody may read: what it connects to wants a token."""
UPLOADS = frozenset(("/v1/audio/transcriptions",))
_KEY_PROTOCOL = "openai-insecure-api-key."
"""How browsers, which cannot set headers of a WebSocket, send a token: as a subprotocol."""
OTHER = "other"
UNREACHABLE = "websocket.http.response"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use the server."""

    hosts: HostCheck
    owner: Callable[[str], str | None]
    """Returns the device that has a token; None where none has."""
    needs_token: bool
    """Whether clients without a token are refused."""
    limits: Limits
    limiter: ClientLimiter
    count: Callable[[str, int], None]
    """Receives path and HTTP status of each request that was answered."""
    paths: frozenset[str]
    """Those that are counted by their names; clients may send any."""


class Guard:
    """An ASGI application before another. What it refuses never reaches that one."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._access.limits.send_seconds)
        try:
            client = self._client(scope)
            with self._access.limiter.request(client):
                scope.setdefault("state", {})["client"] = client
                await self._app(scope, self._limited(scope, receive), answer.send)
        except AvatarError as error:
            log.info("%s was refused: %s", scope["path"], error)
            answer.status = status_of(error)
            if not answer.begun:
                await _refuse(scope, receive, send, error)
        except _NotReading:
            log.info("%s was given up: the client does not read", scope["path"])
            answer.status = 408
        finally:
            path = scope["path"]
            self._access.count(path if path in self._access.paths else OTHER, answer.status)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        if scope["type"] == "websocket":
            return receive
        limits = self._access.limits
        most = limits.upload if scope["path"] in UPLOADS else limits.body
        return _counted(scope, receive, most, limits.body_seconds)

    def _client(self, scope: Scope) -> str:
        """Return who asks; raises RequestRefused for whom nothing is done."""
        headers, access = Headers(scope=scope), self._access
        access.hosts.check(headers.get("host"), headers.get("origin"))
        address = scope["client"][0] if scope.get("client") else "unknown"
        path = scope["path"]
        if not access.needs_token or path in OPEN or path.startswith(OPEN_FOLDER):
            return str(address)
        token = token_of(headers)
        device = access.owner(token) if token else None
        if device is None:
            with access.limiter.request(str(address)):  # guessing is slow
                raise RequestRefused(
                    401,
                    "The token is not known here." if token else "A token is needed.",
                    "Pair the device: avatar-app serve pair.",
                    "invalid_api_key",
                )
        return device


class _NotReading(Exception):
    """A client reads nothing of what is sent to it. No endpoint can answer that."""


class _Answer:
    """Sends an answer, and gives up a client that reads nothing for `seconds`."""

    def __init__(self, send: Send, seconds: float) -> None:
        self._send, self._seconds = send, seconds
        self.begun, self.status = False, 0

    async def send(self, message: Message) -> None:
        self.begun = True
        self.status = message.get("status", self.status or 101)
        try:
            async with asyncio.timeout(self._seconds):
                await self._send(message)
        except TimeoutError as error:
            raise _NotReading from error


def token_of(headers: Headers) -> str:
    """Return the token that a client sends; empty where it sends none."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        return token.strip()
    offered = headers.get("sec-websocket-protocol", "").split(",")
    keys = (each.strip() for each in offered)
    return next((k.removeprefix(_KEY_PROTOCOL) for k in keys if k.startswith(_KEY_PROTOCOL)), "")


def _counted(scope: Scope, receive: Receive, most: int, seconds: float) -> Receive:
    """Return `receive`, which refuses a body of more than `most` bytes, and one that has not come
    after so many seconds."""
    refused = RequestRefused(
        413, f"The request is larger than {most >> 20} MB.", "Send less at a time.", "too_large"
    )
    stated = Headers(scope=scope).get("content-length", "0")
    if not stated.isdigit() or int(stated) > most:
        raise refused
    received, is_whole = 0, False
    end = asyncio.get_running_loop().time() + seconds

    async def counted() -> Message:
        nonlocal received, is_whole
        try:
            async with asyncio.timeout_at(None if is_whole else end):
                message = await receive()
        except TimeoutError as error:
            raise RequestRefused(
                408, "The request did not come.", "Send it at once.", "too_slow"
            ) from error
        is_whole = not message.get("more_body", False)
        received += len(message.get("body", b""))
        if received > most:
            raise refused
        return message

    return counted


async def _refuse(scope: Scope, receive: Receive, send: Send, error: AvatarError) -> None:
    """Say why, as an HTTP response; also to who wanted a WebSocket."""
    body = json.dumps({"error": error_of(error)}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if scope["type"] == "http":
        kind = "http"
    elif UNREACHABLE in scope.get("extensions", {}):
        await receive()
        kind = UNREACHABLE.removesuffix(".response")
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": error.message[:120]})
        return
    start = {"type": f"{kind}.response.start", "status": status_of(error), "headers": headers}
    await send(start)
    await send({"type": f"{kind}.response.body", "body": body})
