"""WS /v1/face: a conversation with somebody who sees the avatar, too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from avatar_app.core.errors import AvatarError, InputInvalid
from avatar_app.core.events import Event
from avatar_app.core.values import MICROPHONE_RATE, ToolCall
from avatar_app.media.resample import Resampler
from avatar_app.media.stream_encoder import samples_of
from avatar_app.server.audience import Onlooker
from avatar_app.server.page.captions import page_message
from avatar_app.server.page.client_messages import (
    HeardUntil,
    PageVisible,
    StopPressed,
    TalkButton,
    TypedText,
    read_page_message,
)
from avatar_app.server.page.wire_format import picture_message, sound_message
from avatar_app.server.parts import ServerParts, client_of, parts_of
from avatar_app.server.realtime.endpoint import GOING, TOO_SLOW, refuse
from avatar_app.server.realtime.outbox import Outbox
from avatar_app.server.security.limits import MessageLimiter
from avatar_app.session.served.conversation import ServedConversation
from avatar_app.session.served.pictures import SentPicture
from avatar_app.session.served.wire import SentSpeech

PROTOCOL = "avatar"
RATES = (8_000, 192_000)
"""Of a microphone, least and most."""
MOST_BEHIND = 400_000
"""Bytes that wait for a client from which on it is sent no pictures."""
_LOOK = 0.05

router = APIRouter()


@router.websocket("/v1/face")
async def show_face(socket: WebSocket) -> None:
    """Hold a conversation with one page. `rate`: of its microphone."""
    parts = parts_of(socket)
    try:
        rate = _rate_of(socket)
        with parts.sessions.one(client_of(socket)):
            offered = socket.scope.get("subprotocols", [])
            await socket.accept(PROTOCOL if PROTOCOL in offered else None)
            await _FaceLine(socket, parts, rate).run()
    except AvatarError as error:
        await refuse(socket, error)


def _rate_of(socket: WebSocket) -> int:
    given = socket.query_params.get("rate", "48000")
    if not given.isdigit() or not RATES[0] <= int(given) <= RATES[1]:
        raise InputInvalid("The rate is none of a microphone.", "Send ?rate=48000.")
    return int(given)


class _FaceLine:
    """The connection to one page. Methods whose name begins with `_soon` are called by threads of
    the conversation, all others by the server's."""

    def __init__(self, socket: WebSocket, parts: ServerParts, rate: int) -> None:
        self._socket, self._parts = socket, parts
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(socket)
        self._messages = MessageLimiter(parts.limits, parts.clock)
        self._microphone = Resampler(rate, MICROPHONE_RATE)
        self._open, self._state = True, "idle"

    async def run(self) -> None:
        """Hold the conversation until one of both goes."""
        conversation = await asyncio.to_thread(self._converse)
        try:
            self._outbox.put({"type": "ready"})
            with self._parts.audience.joined_by(Onlooker(conversation.announce, self._show)):
                await self._until_over(conversation)
        finally:
            self._open = False
            await asyncio.to_thread(conversation.close)

    def _converse(self) -> ServedConversation:
        return ServedConversation(
            self._parts.engines,
            client_of(self._socket),
            self._soon_note,
            self._soon_speak,
            _no_functions,
            self._soon_show,
        )

    def _soon(self, take: Callable[..., None], *values: Any) -> None:
        if self._open:
            with suppress(RuntimeError):  # the server has ended meanwhile
                self._loop.call_soon_threadsafe(take, *values)

    def _soon_note(self, event: Event) -> None:
        if (message := page_message(event)) is not None:
            self._soon(self._note, message)

    def _soon_speak(self, speech: SentSpeech) -> None:
        self._soon(self._outbox.put_bytes, sound_message(speech))

    def _soon_show(self, picture: SentPicture) -> None:
        if self._outbox.waiting < MOST_BEHIND:  # who reads slowly hears, and sees fewer pictures
            self._soon(self._outbox.put_bytes, picture_message(picture))

    def _show(self, text: str) -> None:
        self._outbox.put({"type": "note", "text": text})

    def _note(self, message: dict[str, Any]) -> None:
        self._state = message.get("state", self._state)
        self._outbox.put(message)

    async def _until_over(self, conversation: ServedConversation) -> None:
        tasks = [
            asyncio.create_task(each)
            for each in (
                self._receive(conversation),
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
        """The server stops: let the answer under way end."""
        end = self._loop.time() + self._parts.grace
        while self._state in ("thinking", "speaking") and self._loop.time() < end:
            if any(task.done() for task in tasks):
                return
            await asyncio.sleep(_LOOK)
        await self._close(GOING, "The server stops.")

    async def _close(self, code: int, reason: str) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.close(code, reason)

    async def _receive(self, conversation: ServedConversation) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            self._messages.check()
            try:
                self._take(message, conversation)
            except AvatarError as error:
                self._outbox.put({"type": "notice", "message": error.message, "hint": error.hint})

    def _take(self, message: Any, conversation: ServedConversation) -> None:
        sound, text = message.get("bytes"), message.get("text")
        if max(len(sound or b""), len(text or "")) > self._parts.limits.message:
            raise InputInvalid("The message is too large.", "Send less at a time.")
        if sound is not None:
            if len(sound) % 2:
                raise InputInvalid("The sound is not 16-bit PCM.", "Send whole samples.")
            if not conversation.hear(self._microphone.process(samples_of(sound))):
                raise InputInvalid("Too much sound waits to be heard.", "Send it as it is spoken.")
            return
        match read_page_message(text or ""):
            case TypedText(text=typed):
                conversation.type(typed)
            case StopPressed():
                conversation.interrupt()
            case TalkButton(held=held):
                conversation.hold(held=held)
            case HeardUntil(turn=turn, seconds=seconds):
                conversation.truncate(turn, seconds)
            case PageVisible(visible=visible):
                conversation.watch(watched=visible)


def _no_functions(_call: ToolCall) -> None:
    """A page has no functions that the avatar could call."""
