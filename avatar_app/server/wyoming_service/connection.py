"""One client of the Wyoming service: its events, and the answers to them."""

from __future__ import annotations

import asyncio
import logging
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
from wyoming.wake import Detect, Detection, NotDetected

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
from avatar_app.server.wyoming_service.memory import TalkMemory
from avatar_app.server.wyoming_service.wake import WakeListening
from avatar_app.session.served.answers import answer_prompt
from avatar_app.session.served.shared_engines import VoiceRequest
from avatar_app.session.served.transcription import transcribe_recording

LONGEST_SOUND = 600 * MICROPHONE_RATE
"""Samples of one recording."""
LONGEST_TEXT = 4_096
"""Letters of one text."""
RATES = (8_000, 192_000)

log = logging.getLogger(__name__)


class WyomingConnection:
    """Answers one event after another. For the server's thread."""

    def __init__(
        self, parts: ServerParts, client: str, writer: asyncio.StreamWriter, memory: TalkMemory
    ) -> None:
        self._parts, self._client, self._writer = parts, client, writer
        self._memory = memory
        self._language: str | None = None
        self._wake: WakeListening | None = None
        self._sound: list[Samples] = []
        self._count = 0
        self._logged: type[Exception] | None = None
        self._resampler = Resampler(MICROPHONE_RATE, MICROPHONE_RATE)

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Answer until the client goes, or sends what cannot be read."""
        try:
            await self._answer_all(reader)
        finally:
            self._listen_to(None)

    async def _answer_all(self, reader: asyncio.StreamReader) -> None:
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
        except (AttributeError, LookupError, TypeError, ValueError) as error:  # of its readers
            if type(error) is not self._logged:  # or it is a bug
                self._logged = type(error)
                log.info("an event was not understood", exc_info=error)
            raise InputInvalid(f"The event {event.type[:60]!r} is incomplete.", "") from error

    async def _obey(self, event: Event) -> None:
        kind = event.type
        if Describe.is_type(kind):
            info = await asyncio.to_thread(describe, self._parts.engines)
            await self._send(info.event())
        elif Ping.is_type(kind):
            await self._send(Pong(Ping.from_event(event).text).event())
        elif Transcribe.is_type(kind):
            self._language = _language(Transcribe.from_event(event).language)
            self._listen_to(None)
        elif Detect.is_type(kind):
            wanted = Detect.from_event(event)
            self._listen_to(await WakeListening.begin(self._parts.engines, wanted))
        elif AudioStart.is_type(kind):
            self._begin(AudioStart.from_event(event))
        elif SoundChunk.is_type(kind) and self._wake is not None:
            await self._watch(SoundChunk.from_event(event), self._wake)
        elif SoundChunk.is_type(kind):
            self._hear(SoundChunk.from_event(event))
        elif AudioStop.is_type(kind) and self._wake is not None:
            if not self._wake.heard_any:
                await self._send(NotDetected().event())
            self._listen_to(None)
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

    def _listen_to(self, wake: WakeListening | None) -> None:
        """Listen for a wake word from now on, or for what is said."""
        if self._wake is not None:
            self._wake.close()
        self._wake = wake

    async def _watch(self, chunk: SoundChunk, wake: WakeListening) -> None:
        """Tell the client when it hears the wake word; nothing is kept of the sound."""
        sound = self._resampler.process(_mono(chunk))
        for seconds in await asyncio.to_thread(wake.hear, sound):
            found = Detection(name=wake.name, timestamp=round(seconds * 1000))
            await self._send(found.event())

    def _hear(self, chunk: SoundChunk) -> None:
        samples = _mono(chunk)
        self._count += len(samples)
        if self._count * MICROPHONE_RATE > LONGEST_SOUND * self._resampler.from_rate:
            self._sound = []
            raise InputInvalid("The recording is longer than ten minutes.", "Send less at a time.")
        self._sound.append(self._resampler.process(samples))

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
        language = _language(wanted.voice.language) if wanted.voice else None
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
        before = self._memory.recall(self._client, said.context)
        prompt = Prompt((*before, Message(Role.USER, said.text)))
        engines, client = self._parts.engines, self._client
        work = streamed(lambda turn: answer_prompt(engines, client, prompt, turn), "answer")
        text = "".join(piece for piece in await joined(work) if isinstance(piece, str)).strip()
        self._memory.remember(self._client, said.context, said.text, text)
        await self._send(Handled(text, context=said.context).event())

    async def _send(self, event: Event) -> None:
        async with asyncio.timeout(self._parts.limits.send_seconds):
            await async_write_event(event, self._writer)


def _mono(chunk: SoundChunk) -> Samples:
    """Return its samples. Raises InputInvalid for what is not 16-bit PCM, mono or stereo."""
    if chunk.width != 2 or chunk.channels not in (1, 2) or len(chunk.audio) % 2:
        raise InputInvalid("The sound is not 16-bit PCM.", "Send mono, 16 bit.")
    samples = samples_of(chunk.audio).astype(np.float32)
    if chunk.channels == 1:
        return samples
    both: Samples = samples[: len(samples) // 2 * 2].reshape(-1, 2).mean(axis=1)
    return both


def _language(given: object) -> str | None:
    if given is not None and not isinstance(given, str):
        raise InputInvalid("The language is no text.", "Send a code, like en.")
    return given


def _check_length(text: object) -> None:
    if not isinstance(text, str):
        raise InputInvalid("The text is none.", "Send text.")
    if len(text) > LONGEST_TEXT:
        raise InputInvalid(f"The text has more than {LONGEST_TEXT} letters.", "Send less.")
