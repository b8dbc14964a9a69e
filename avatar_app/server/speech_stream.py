"""WS /v1/audio/speech/stream: texts in, PCM out, 80 ms at a time; a text can be cancelled.

A client sends `{"type": "speak", "id": "1", "text": "…"}`, with voice, speed and language if it
likes, and `{"type": "cancel", "id": "1"}`, without an id for all. It gets `started`, binary
messages, and `done`, `cancelled` or `error` for each text, in the order in which they were sent.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError
from starlette.websockets import WebSocket

from avatar_app.core.errors import AvatarError, InputInvalid
from avatar_app.core.turn import Turn
from avatar_app.media.stream_encoder import STREAM_RATE, StreamFormat, stream_encoder
from avatar_app.server.http.speech import LONGEST_TEXT, SpeechRequest
from avatar_app.server.lines import GOING, Tasks, close_line, serve_line
from avatar_app.server.outbox import Outbox
from avatar_app.server.parts import ServerParts, client_of, parts_of
from avatar_app.server.refusal import RequestRefused, error_of
from avatar_app.server.security.limits import MessageLimiter
from avatar_app.server.streams import streamed
from avatar_app.server.tasks import begun
from avatar_app.session.served.shared_engines import SharedEngines

CHUNK = STREAM_RATE * 2 * 80 // 1000
"""Bytes of 80 ms."""
MOST_QUEUED = 64
"""Texts of one client that wait."""

router = APIRouter()


class StreamedText(BaseModel):
    """A text that a client wants to hear."""

    id: str = Field(default="", max_length=100)
    text: str = Field(max_length=LONGEST_TEXT)
    voice: str = ""
    speed: float = 1.0
    language: str | None = None

    @property
    def request(self) -> SpeechRequest:
        return SpeechRequest(
            input=self.text, voice=self.voice, speed=self.speed, language=self.language
        )


@router.websocket("/v1/audio/speech/stream")
async def stream_speech(socket: WebSocket) -> None:
    """Speak the texts of one client until it goes."""
    await socket.accept()
    parts = parts_of(socket)
    texts = _TextQueue(socket, parts)
    parts.streams.add(texts)
    try:
        await texts.run()
    finally:
        parts.streams.discard(texts)


@dataclass(eq=False, slots=True)
class _Spoken:
    """The text that is spoken at the moment."""

    text: StreamedText
    task: asyncio.Task[None]


class _TextQueue:
    """One client's texts, in their order."""

    def __init__(self, socket: WebSocket, parts: ServerParts) -> None:
        self._socket, self._parts = socket, parts
        self._outbox = Outbox(socket)
        self._texts: deque[StreamedText] = deque()
        self._added = asyncio.Event()
        self._spoken: _Spoken | None = None
        self._messages = MessageLimiter(parts.limits, parts.clock)

    async def run(self) -> None:
        work = [self._receive(), self._speak_all()]
        try:
            await serve_line(self._socket, self._outbox, self._parts, work, self._finish)
        finally:
            await self._stop()

    async def _finish(self, tasks: Tasks) -> None:
        """The server stops: let the text that is spoken end, drop those that wait, say goodbye."""
        for text in self._texts:
            self._outbox.put({"type": "cancelled", "id": text.id})
        self._texts.clear()
        if (spoken := self._spoken) is not None:
            await asyncio.wait([spoken.task], timeout=self._parts.grace)
        if any(task.done() for task in tasks):
            return
        await self._outbox.flush(self._parts.grace)
        await close_line(self._socket, GOING, "The server stops.")

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            try:
                self._messages.check()
                if text is None or len(text) > self._parts.limits.message:
                    raise InputInvalid("The message is binary or too large.", "Send short JSON.")
                await self._obey(json.loads(text))
            except RequestRefused as error:
                self._fail("", error)
                return
            except AvatarError as error:
                self._fail("", error)
            except (ValueError, RecursionError):
                self._fail("", InputInvalid("The message is not understood.", "See the docs."))

    async def _obey(self, message: Any) -> None:
        match message:
            case {"type": "speak", **rest}:
                if len(self._texts) >= MOST_QUEUED:
                    raise InputInvalid(f"{MOST_QUEUED} texts wait already.", "Wait for some.")
                self._texts.append(_text(rest))
                self._added.set()
            case {"type": "cancel", **rest}:
                await self._cancel(rest.get("id"))
            case _:
                raise InputInvalid("There is no such message.", "Send speak or cancel.")

    async def _cancel(self, identity: object) -> None:
        left = deque(text for text in self._texts if identity not in (None, text.id))
        cancelled = [text for text in self._texts if text not in left]
        self._texts = left
        spoken = self._spoken
        if spoken is not None and identity in (None, spoken.text.id):
            await self._stop()
            cancelled.insert(0, spoken.text)
        for text in cancelled:
            self._outbox.put({"type": "cancelled", "id": text.id})

    async def _stop(self) -> None:
        spoken, self._spoken = self._spoken, None
        if spoken is not None:
            spoken.task.cancel()
            await asyncio.gather(spoken.task, return_exceptions=True)

    async def _speak_all(self) -> None:
        while True:
            while self._texts:
                text = self._texts.popleft()
                task = begun(self._speak(text), "speech stream")
                self._spoken = _Spoken(text, task)
                await asyncio.wait([task])
                self._spoken = None
            self._added.clear()
            await self._added.wait()

    async def _speak(self, text: StreamedText) -> None:
        engines, client = self._parts.engines, client_of(self._socket)
        begun, first, sent = self._parts.clock(), 0.0, 0
        self._outbox.put({"type": "started", "id": text.id, "rate": STREAM_RATE})
        try:
            work = streamed(lambda turn: _chunks(engines, client, text, turn), "speech")
            async with aclosing(work) as chunks:
                async for chunk in chunks:
                    first = first or self._parts.clock() - begun
                    sent += len(chunk)
                    self._outbox.put_bytes(chunk)
                    await self._outbox.room()
        except AvatarError as error:
            self._fail(text.id, error)
            return
        self._outbox.put(
            {
                "type": "done",
                "id": text.id,
                "seconds": sent / 2 / STREAM_RATE,
                "first_sound_ms": round(1000 * first, 1),
            }
        )

    def _fail(self, identity: str, error: AvatarError) -> None:
        self._outbox.put({"type": "error", "id": identity, "error": error_of(error)})


def _text(fields: Any) -> StreamedText:
    try:
        return StreamedText.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputInvalid(f"{place}: {first['msg']}.", "") from error


def _chunks(engines: SharedEngines, client: str, text: StreamedText, turn: Turn) -> Iterator[bytes]:
    """Yield the sound in pieces of CHUNK bytes; the last one may be shorter."""
    rest, encoder = b"", None
    body = text.request
    for chunk in engines.speech(client, body.input, body.wanted, turn):
        encoder = encoder or stream_encoder(StreamFormat.PCM, chunk.audio.rate)
        made = rest + encoder.encode(chunk.audio.samples)
        whole = len(made) - len(made) % CHUNK
        for at in range(0, whole, CHUNK):
            yield made[at : at + CHUNK]
        rest = made[whole:]
    if encoder is not None and (rest := rest + encoder.finish()):
        yield rest
