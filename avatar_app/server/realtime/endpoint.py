"""WS /v1/realtime: accepts a client, gives it a conversation, and passes events both ways."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.server.parts import ServerParts, client_of, parts_of
from avatar_app.server.realtime.calls import PendingCall
from avatar_app.server.realtime.client_events import ClientEventHandler
from avatar_app.server.realtime.config import SessionConfig
from avatar_app.server.realtime.outbox import Outbox
from avatar_app.server.realtime.session import RealtimeSession
from avatar_app.server.security.limits import MessageLimiter
from avatar_app.session.served.conversation import ServedConversation

SUBPROTOCOL = "realtime"
TOO_LARGE, TOO_SLOW, GOING, REFUSED = 1009, 1008, 1001, 1013
"""Codes with which a WebSocket is closed (RFC 6455)."""

log = logging.getLogger(__name__)
router = APIRouter()


@router.websocket("/v1/realtime")
async def hold_conversation(socket: WebSocket) -> None:
    """Hold a conversation with one client."""
    parts, model = parts_of(socket), socket.query_params.get("model", "")
    try:
        parts.check_model(model, Kind.DIALOGUE)
        with parts.sessions.one(client_of(socket)):
            await _accept(socket)
            await _Line(socket, parts, model).run()
    except AvatarError as error:
        await refuse(socket, error)


async def _accept(socket: WebSocket) -> None:
    offered = socket.scope.get("subprotocols", [])
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)


async def refuse(socket: WebSocket, error: AvatarError) -> None:
    """Say why there is no conversation, and close."""
    with suppress(WebSocketDisconnect, RuntimeError):
        if socket.client_state.name == "CONNECTING":
            await socket.accept()
        await socket.close(REFUSED, error.message[:120])


class _Line:
    """The connection to one client."""

    def __init__(self, socket: WebSocket, parts: ServerParts, model: str) -> None:
        self._socket, self._parts = socket, parts
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(socket)
        name = model or parts.engines.manifests[Kind.DIALOGUE].name
        self._session = RealtimeSession(self._outbox.put, SessionConfig(), name)
        self._messages = MessageLimiter(parts.limits, parts.clock)
        self._open = True

    async def run(self) -> None:
        """Hold the conversation until one of both goes."""
        conversation = await asyncio.to_thread(self._converse)
        session = self._session
        try:
            given = {"instructions": conversation.instructions}
            session.config = session.config.model_copy(update=given)
            session.send("session.created", session=session.described())
            await self._until_over(ClientEventHandler(session, conversation))
        finally:
            self._open = False
            session.close()
            await asyncio.to_thread(conversation.close)

    def _converse(self) -> ServedConversation:
        session = self._session
        return ServedConversation(
            self._parts.engines,
            client_of(self._socket),
            partial(self._soon, session.note),
            partial(self._soon, session.speak),
            self._call,
        )

    def _soon(self, take: Callable[[Any], None], value: Any) -> None:
        """Pass something from a thread of the conversation to the server's."""
        if self._open:
            self._loop.call_soon_threadsafe(take, value)

    def _call(self, call: ToolCall) -> ToolResult | None:
        """Called by the dialogue's thread."""
        if call.name not in {tool.name for tool in self._session.config.offered}:
            return None
        pending = PendingCall(call)
        self._soon(self._session.ask_client, pending)
        return pending.wait() if self._open else None

    async def _until_over(self, handler: ClientEventHandler) -> None:
        tasks = [
            asyncio.create_task(each)
            for each in (
                self._receive(handler),
                self._outbox.run(),
                self._outbox.overflowed.wait(),
                self._parts.stopping.wait(),
            )
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._parts.stopping.is_set():
                await self._finish(tasks[:2])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._outbox.overflowed.is_set():
            await self._close(TOO_SLOW, "The client reads too slowly.")
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _finish(self, tasks: list[asyncio.Task[Any]]) -> None:
        """The server stops: let the answer under way end, then say goodbye."""
        end = self._loop.time() + self._parts.grace
        while self._session.response is not None and self._loop.time() < end:
            if any(task.done() for task in tasks):
                return
            await asyncio.sleep(0.05)
        await asyncio.sleep(0)
        await self._close(GOING, "The server stops.")

    async def _close(self, code: int, reason: str) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.close(code, reason)

    async def _receive(self, handler: ClientEventHandler) -> None:
        most = self._parts.limits.message
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                self._session.fail(AvatarError("The message is binary.", "Send JSON as text."))
            elif len(text) > most:
                self._session.fail(AvatarError("The message is too large.", "Send less at a time."))
                await asyncio.sleep(0)
                await self._close(TOO_LARGE, f"Messages may have {most >> 10} KB.")
                return
            else:
                self._messages.check()
                handler.handle(text)
