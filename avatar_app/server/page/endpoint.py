"""WS /v1/face: a conversation with somebody who sees the avatar, too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket

from avatar_app.core.errors import AvatarError, InputInvalid
from avatar_app.core.events import Event, Outcome, TurnEnded
from avatar_app.core.values import MICROPHONE_RATE, Samples, ToolCall
from avatar_app.media.resample import Resampler
from avatar_app.media.stream_encoder import samples_of
from avatar_app.server.audience import Onlooker
from avatar_app.server.lines import Tasks, end_when_answered, refuse_line, serve_line
from avatar_app.server.outbox import Outbox
from avatar_app.server.page.call import PageCall
from avatar_app.server.page.captions import notice_message, page_message
from avatar_app.server.page.client_messages import (
    CallOffered,
    HeardUntil,
    HungUp,
    PageVisible,
    StopPressed,
    TalkButton,
    TypedText,
    read_page_message,
)
from avatar_app.server.page.files import asked_language
from avatar_app.server.page.wire_format import picture_message, sound_message
from avatar_app.server.parts import ServerParts, client_of, parts_of
from avatar_app.server.security.limits import MessageLimiter
from avatar_app.session.served.conversation import ServedConversation
from avatar_app.session.served.pictures import SentPicture
from avatar_app.session.served.wire import SentSpeech
from avatar_app.system.translation.catalog import English, TextCatalog, catalog_of

PROTOCOL = "avatar"
RATES = (8_000, 192_000)
"""Of a microphone, least and most."""
MOST_BEHIND = 400_000
"""Bytes that wait for a client from which on it is sent no pictures."""

router = APIRouter()


@router.websocket("/v1/face")
async def show_face(socket: WebSocket) -> None:
    """Hold a conversation with one page. `rate`: of its microphone."""
    parts = parts_of(socket)
    try:
        rate = _rate_of(socket)
        async with parts.sessions.one(client_of(socket)):
            offered = socket.scope.get("subprotocols", [])
            await socket.accept(PROTOCOL if PROTOCOL in offered else None)
            await _FaceLine(socket, parts, rate).run()
    except AvatarError as error:
        await refuse_line(socket, error)


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
        self._texts: TextCatalog | English = English()
        self._call = PageCall(
            partial(self._soon, self._outbox.put), self._hear_call, parts.addresses, parts.counters
        )
        self._open, self._state = True, "idle"
        self._conversation: ServedConversation | None = None

    async def run(self) -> None:
        """Hold the conversation until one of both goes."""
        conversation = self._conversation = await asyncio.to_thread(self._converse)
        try:
            self._outbox.put({"type": "ready"})
            with self._parts.audience.joined_by(Onlooker(conversation.announce, self._show)):
                work = [self._receive(conversation)]
                await serve_line(self._socket, self._outbox, self._parts, work, self._finish)
        finally:
            self._open = False
            await asyncio.to_thread(self._call.close)
            await asyncio.to_thread(conversation.close)

    def _converse(self) -> ServedConversation:
        self._texts = catalog_of(asked_language(self._socket))
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
        if isinstance(event, TurnEnded) and event.outcome is Outcome.INTERRUPTED:
            self._call.flush()
        if (message := page_message(event, self._texts.message)) is not None:
            self._soon(self._note, message)

    def _soon_speak(self, speech: SentSpeech) -> None:
        if self._call.is_carrying:
            self._call.speak(speech)
        else:
            self._soon(self._outbox.put_bytes, sound_message(speech))

    def _soon_show(self, picture: SentPicture) -> None:
        if self._call.is_carrying:
            self._call.show(picture)
        elif self._outbox.waiting < MOST_BEHIND:  # who reads slowly hears, and sees fewer pictures
            self._soon(self._outbox.put_bytes, picture_message(picture))

    def _hear_call(self, samples: Samples) -> None:
        """Called by a thread of the call; what it brings too fast is lost, as on any line."""
        if self._open and self._conversation is not None:
            self._conversation.hear(samples)

    def _show(self, text: str) -> None:
        self._outbox.put({"type": "note", "text": text})

    def _note(self, message: dict[str, Any]) -> None:
        self._state = message.get("state", self._state)
        self._outbox.put(message)

    async def _finish(self, tasks: Tasks) -> None:
        """The server stops: let the answer under way end."""
        await end_when_answered(self._socket, tasks, self._is_answering, self._parts.grace)

    def _is_answering(self) -> bool:
        return self._state in ("thinking", "speaking")

    async def _receive(self, conversation: ServedConversation) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            self._messages.check()
            try:
                self._take(message, conversation)
            except AvatarError as error:
                self._outbox.put(notice_message(error, self._texts.message))

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
            case CallOffered(sdp=sdp):
                self._call.answer(sdp)
            case HungUp():
                self._call.hang_up()
            case PageVisible(visible=visible):
                conversation.watch(watched=visible)


def _no_functions(_call: ToolCall) -> None:
    """A page has no functions that the avatar could call."""
