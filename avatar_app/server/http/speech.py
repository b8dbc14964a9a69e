"""POST /v1/audio/speech: a text is spoken, and sent while it is synthesized."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterator
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.media.stream_encoder import MIME, StreamFormat, stream_encoder, stream_format
from avatar_app.server.parts import client_of, parts_of
from avatar_app.server.streams import ClosingResponse, started, streamed
from avatar_app.session.served.shared_engines import SharedEngines, VoiceRequest

LONGEST_TEXT = 20_000
"""Characters of a text that is spoken at once."""
FOREIGN_VOICES = frozenset(
    ("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage",
     "shimmer", "verse", "default", "")
)  # fmt: skip
"""OpenAI's voices, which clients must name: the voice that the settings choose speaks for them."""
SSE = "text/event-stream"

router = APIRouter()


class NamedVoice(BaseModel):
    """A voice by its identity."""

    id: str


class SpeechRequest(BaseModel):
    """The body of a request, as OpenAI's clients send it. `instructions` change nothing."""

    input: str = Field(max_length=LONGEST_TEXT)
    model: str = ""
    voice: str | NamedVoice = ""
    instructions: str | None = None
    response_format: str = StreamFormat.MP3
    speed: float = 1.0
    stream_format: Literal["audio", "sse"] = "audio"
    language: str | None = None

    @property
    def wanted(self) -> VoiceRequest:
        name = self.voice if isinstance(self.voice, str) else self.voice.id
        return VoiceRequest(
            None if name in FOREIGN_VOICES else name,
            None if self.speed == 1.0 else self.speed,
            self.language,
        )


@router.post("/v1/audio/speech")
async def create_speech(body: SpeechRequest, request: Request) -> Response:
    """Speak a text."""
    parts, client = parts_of(request), client_of(request)
    parts.check_model(body.model, Kind.TTS)
    format = stream_format(body.response_format)
    sound = await started(
        streamed(lambda turn: encoded_speech(parts.engines, client, body, format, turn), "speech")
    )
    if body.stream_format == "sse":
        return ClosingResponse(_events(sound), SSE)
    return ClosingResponse(sound, MIME[format])


def encoded_speech(
    engines: SharedEngines, client: str, body: SpeechRequest, format: StreamFormat, turn: Turn
) -> Iterator[bytes]:
    """Yield the bytes of the sound as they are made."""
    encoder = None
    for chunk in engines.speech(client, body.input, body.wanted, turn):
        encoder = encoder or stream_encoder(format, chunk.audio.rate)
        if piece := encoder.encode(chunk.audio.samples):
            yield piece
    if encoder is not None:
        yield encoder.finish()


async def _events(sound: AsyncGenerator[bytes, None]) -> AsyncGenerator[str, None]:
    try:
        async for piece in sound:
            audio = b64encode(piece).decode()
            yield server_sent({"type": "speech.audio.delta", "audio": audio})
        usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        yield server_sent({"type": "speech.audio.done", "usage": usage})
    finally:
        await sound.aclose()


def server_sent(event: object) -> str:
    """Return an event as a line of `text/event-stream`."""
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
