"""WS /v1/realtime: accepts a client, gives it a conversation, and passes events both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import AudioLevels, Event
from avatar_app.core.manifest import Kind
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.server.lines import (
    TOO_LARGE,
    Tasks,
    close_line,
    end_when_answered,
    refuse_line,
    serve_line,
)
from avatar_app.server.outbox import Outbox
from avatar_app.server.parts import ServerParts, client_of, parts_of
from avatar_app.server.realtime.calls import PendingCall
from avatar_app.server.realtime.client_events import ClientEventHandler
from avatar_app.server.realtime.config import SessionConfig
from avatar_app.server.realtime.session import RealtimeSession
from avatar_app.server.security.limits import MessageLimiter
from avatar_app.session.served.conversation import ServedConversation

SUBPROTOCOL = "realtime"

router = APIRouter()


@router.websocket("/v1/realtime")
async def hold_conversation(socket: WebSocket) -> None:
    """Hold a conversation with one client."""
    parts, model = parts_of(socket), socket.query_params.get("model", "")
    try:
        parts.check_model(model, Kind.DIALOGUE)
        async with parts.sessions.one(client_of(socket)):
            await _accept(socket)
            await _Line(socket, parts, model).run()
    except AvatarError as error:
        await refuse_line(socket, error)


async def _accept(socket: WebSocket) -> None:
    offered = socket.scope.get("subprotocols", [])
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)


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
            work = [self._receive(ClientEventHandler(session, conversation))]
            await serve_line(self._socket, self._outbox, self._parts, work, self._finish)
        finally:
            self._open = False
            session.close()
            await asyncio.to_thread(conversation.close)

    def _converse(self) -> ServedConversation:
        session = self._session
        return ServedConversation(
            self._parts.engines,
            client_of(self._socket),
            self._soon_note,
            partial(self._soon, session.speak),
            self._call,
        )

    def _soon_note(self, event: Event) -> None:
        if not isinstance(event, AudioLevels):  # thirty a second wake nobody
            self._soon(self._session.note, event)

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

    async def _finish(self, tasks: Tasks) -> None:
        """The server stops: let the answer under way end, then say goodbye."""
        await end_when_answered(self._socket, tasks, self._is_answering, self._parts.grace)

    def _is_answering(self) -> bool:
        return self._session.response is not None

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
                await close_line(self._socket, TOO_LARGE, f"Messages may have {most >> 10} KB.")
                return
            else:
                self._messages.check()
                handler.handle(text)
