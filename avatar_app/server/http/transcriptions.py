"""POST /v1/audio/transcriptions: what is said in a recording, also while it is recognized."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import JSONResponse, PlainTextResponse, Response

from avatar_app.core.errors import ConfigInvalid, choose_one_of
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk
from avatar_app.media.sound_reader import read_sound
from avatar_app.media.subtitles import Subtitle, as_srt, as_vtt
from avatar_app.server.http.speech import SSE, server_sent
from avatar_app.server.parts import client_of, parts_of
from avatar_app.server.streams import ClosingResponse, joined, started, streamed
from avatar_app.session.served.shared_engines import SharedEngines
from avatar_app.session.served.transcription import TranscribedPiece, transcribe_recording

FORMATS = ("json", "text", "verbose_json", "srt", "vtt")
COPIED = 1 << 20
"""Bytes of an upload that are copied at a time."""

router = APIRouter()


@router.post("/v1/audio/transcriptions")
async def create_transcription(
    request: Request,
    file: Annotated[UploadFile, File()],
    model: Annotated[str, Form()] = "",
    language: Annotated[str | None, Form()] = None,
    response_format: Annotated[str, Form()] = "json",
    *,
    stream: Annotated[bool, Form()] = False,
) -> Response:
    """Transcribe a recording of any common format, of an hour at most."""
    parts, client = parts_of(request), client_of(request)
    parts.check_model(model, Kind.ASR)
    if response_format not in FORMATS:
        raise ConfigInvalid(
            f"A transcript cannot be sent as {response_format!r}.", choose_one_of(FORMATS)
        )
    sound = await _read(file)
    pieces = await started(
        streamed(lambda turn: _transcribed(parts.engines, client, language, sound, turn), "hear")
    )
    if stream:
        return ClosingResponse(_events(pieces), SSE)
    return _answer(response_format, await joined(pieces), sound.seconds, language or "")


async def _read(upload: UploadFile) -> AudioChunk:
    suffix = Path(upload.filename or "").suffix[:8]
    with NamedTemporaryFile(prefix="avatar-", suffix=suffix) as copy:
        while piece := await upload.read(COPIED):
            copy.write(piece)
        copy.flush()
        return await asyncio.to_thread(read_sound, copy.name, MICROPHONE_RATE)


def _transcribed(
    engines: SharedEngines, client: str, language: str | None, sound: AudioChunk, turn: Turn
) -> Iterator[TranscribedPiece]:
    recognizer = engines.recognizer(client, language)
    yield from transcribe_recording(recognizer, sound.samples, turn)


def _answer(
    format: str, pieces: Sequence[TranscribedPiece], seconds: float, language: str
) -> Response:
    text = " ".join(piece.text for piece in pieces)
    subtitles = [Subtitle(piece.start, piece.end, piece.text) for piece in pieces]
    match format:
        case "text":
            return PlainTextResponse(text + "\n")
        case "srt":
            return PlainTextResponse(as_srt(subtitles))
        case "vtt":
            return PlainTextResponse(as_vtt(subtitles), media_type="text/vtt")
        case "verbose_json":
            return JSONResponse(_verbose(text, pieces, seconds, language))
    return JSONResponse({"text": text, "usage": _usage(seconds)})


def _verbose(
    text: str, pieces: Sequence[TranscribedPiece], seconds: float, language: str
) -> dict[str, Any]:
    reported = next((piece.language for piece in pieces if piece.language), "")
    words = [word for piece in pieces for word in piece.words]
    return {
        "task": "transcribe",
        "language": language or reported or "en",
        "duration": seconds,
        "text": text,
        "segments": [_segment(number, piece) for number, piece in enumerate(pieces)],
        "words": [{"word": word.text, "start": word.start, "end": word.end} for word in words],
        "usage": _usage(seconds),
    }


def _segment(number: int, piece: TranscribedPiece) -> dict[str, Any]:
    """Return a piece as Whisper's servers describe one; what is not known is 0."""
    return {
        "id": number,
        "seek": 0,
        "start": piece.start,
        "end": piece.end,
        "text": piece.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": 0.0,
        "compression_ratio": 0.0,
        "no_speech_prob": 0.0,
    }


def _usage(seconds: float) -> dict[str, Any]:
    return {"type": "duration", "seconds": round(seconds)}


async def _events(pieces: AsyncGenerator[TranscribedPiece, None]) -> AsyncGenerator[str, None]:
    said: list[str] = []
    try:
        async for piece in pieces:
            delta = piece.text if not said else f" {piece.text}"
            said.append(delta)
            yield server_sent({"type": "transcript.text.delta", "delta": delta})
        yield server_sent({"type": "transcript.text.done", "text": "".join(said)})
    finally:
        await pieces.aclose()
