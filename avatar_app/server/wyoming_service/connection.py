"""One client of the Wyoming service: its events, and the answers to them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing

import numpy as np
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk as SoundChunk
from wyoming.audio import AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, async_write_event
from wyoming.handle import Handled
from wyoming.info import Describe
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize

from avatar_app.core.errors import AvatarError, InputInvalid
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.media.resample import Resampler
from avatar_app.media.stream_encoder import STREAM_RATE, StreamFormat, samples_of, stream_encoder
from avatar_app.server.parts import AVATAR, ServerParts
from avatar_app.server.streams import joined, streamed
from avatar_app.server.wyoming_service.description import describe
from avatar_app.server.wyoming_service.events import read_event
from avatar_app.session.served.answers import answer_prompt
from avatar_app.session.served.shared_engines import VoiceRequest
from avatar_app.session.served.transcription import transcribe_recording

LONGEST_SOUND = 600 * MICROPHONE_RATE
"""Samples of one recording."""
LONGEST_TEXT = 4_096
"""Letters of one text."""
RATES = (8_000, 192_000)


class WyomingConnection:
    """Answers one event after another. For the server's thread."""

    def __init__(self, parts: ServerParts, client: str, writer: asyncio.StreamWriter) -> None:
        self._parts, self._client, self._writer = parts, client, writer
        self._language: str | None = None
        self._sound: list[Samples] = []
        self._count = 0
        self._resampler = Resampler(MICROPHONE_RATE, MICROPHONE_RATE)

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Answer until the client goes, or sends what cannot be read."""
        while True:
            try:
                event = await read_event(reader)
            except InputInvalid as error:
                await self._send(Error(str(error)).event())
                return
            if event is None:
                return
            try:
                await self._answer(event)
            except AvatarError as error:
                await self._send(Error(str(error)).event())

    async def _answer(self, event: Event) -> None:
        try:
            await self._obey(event)
        except (KeyError, TypeError, ValueError) as error:  # of the package's readers
            raise InputInvalid(f"The event {event.type[:60]!r} is incomplete.", "") from error

    async def _obey(self, event: Event) -> None:
        kind = event.type
        if Describe.is_type(kind):
            info = await asyncio.to_thread(describe, self._parts.engines)
            await self._send(info.event())
        elif Ping.is_type(kind):
            await self._send(Pong(Ping.from_event(event).text).event())
        elif Transcribe.is_type(kind):
            self._language = Transcribe.from_event(event).language
        elif AudioStart.is_type(kind):
            self._begin(AudioStart.from_event(event))
        elif SoundChunk.is_type(kind):
            self._hear(SoundChunk.from_event(event))
        elif AudioStop.is_type(kind):
            await self._transcribe()
        elif Synthesize.is_type(kind):
            await self._speak(Synthesize.from_event(event))
        elif Transcript.is_type(kind):
            await self._reply(Transcript.from_event(event))

    def _begin(self, start: AudioStart) -> None:
        if not RATES[0] <= start.rate <= RATES[1]:
            raise InputInvalid("The sound's rate is none of a microphone.", "Send 16 kHz.")
        self._sound, self._count = [], 0
        self._resampler = Resampler(start.rate, MICROPHONE_RATE)

    def _hear(self, chunk: SoundChunk) -> None:
        if chunk.width != 2 or chunk.channels not in (1, 2) or len(chunk.audio) % 2:
            raise InputInvalid("The sound is not 16-bit PCM.", "Send mono, 16 bit.")
        samples = samples_of(chunk.audio)
        if chunk.channels == 2:
            samples = samples[: len(samples) // 2 * 2].reshape(-1, 2).mean(axis=1)
        self._count += len(samples)
        if self._count * MICROPHONE_RATE > LONGEST_SOUND * self._resampler.from_rate:
            self._sound = []
            raise InputInvalid("The recording is longer than ten minutes.", "Send less at a time.")
        self._sound.append(self._resampler.process(samples.astype(np.float32)))

    async def _transcribe(self) -> None:
        rest = self._resampler.process(np.zeros(0, np.float32), last=True)
        samples = np.concatenate([*self._sound, rest]).astype(np.float32)
        self._sound, self._count = [], 0
        engines, client, language = self._parts.engines, self._client, self._language

        def work(turn: Turn) -> Iterator[str]:
            recognizer = engines.recognizer(client, language)
            for piece in transcribe_recording(recognizer, samples, turn):
                yield piece.text

        text = " ".join(await joined(streamed(work, "hear")))
        await self._send(Transcript(text, language=language).event())

    async def _speak(self, wanted: Synthesize) -> None:
        _check_length(wanted.text)
        voice = wanted.voice.name if wanted.voice else None
        language = wanted.voice.language if wanted.voice else None
        engine = self._parts.engines
        if voice == AVATAR or voice not in engine.voices():
            voice = None  # an engine with one voice has no names
        request, client = VoiceRequest(voice, language=language), self._client

        def work(turn: Turn) -> Iterator[bytes]:
            encoder = None
            for chunk in engine.speech(client, wanted.text, request, turn):
                encoder = encoder or stream_encoder(StreamFormat.PCM, chunk.audio.rate)
                yield encoder.encode(chunk.audio.samples)
            if encoder is not None:
                yield encoder.finish()

        format = {"rate": STREAM_RATE, "width": 2, "channels": 1}
        async with aclosing(streamed(work, "speech")) as pieces:
            begun = False
            async for piece in pieces:
                if not begun:
                    await self._send(AudioStart(**format).event())
                    begun = True
                if piece:
                    await self._send(SoundChunk(audio=piece, **format).event())
        await self._send(AudioStop().event())

    async def _reply(self, said: Transcript) -> None:
        _check_length(said.text)
        prompt = Prompt((Message(Role.USER, said.text),))
        engines, client = self._parts.engines, self._client
        work = streamed(lambda turn: answer_prompt(engines, client, prompt, turn), "answer")
        text = "".join(piece for piece in await joined(work) if isinstance(piece, str))
        await self._send(Handled(text.strip(), context=said.context).event())

    async def _send(self, event: Event) -> None:
        async with asyncio.timeout(self._parts.limits.send_seconds):
            await async_write_event(event, self._writer)


def _check_length(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise InputInvalid(f"The text has more than {LONGEST_TEXT} letters.", "Send less.")
