"""Requests to the server whose answers tell which request they belong to."""

from __future__ import annotations

import io
import itertools
import time
import wave
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from avatar_app.bench.served.server_process import ServerProcess
from avatar_app.core.errors import ModelMissing
from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.media.stream_encoder import STREAM_RATE, pcm_of

if TYPE_CHECKING:
    from openai import OpenAI

PATIENCE = 120.0
"""Seconds that an answer may take."""
MODEL, VOICE = "avatar", "default"
TEXTS = tuple(
    f"{first} {rest}."
    for first in ("Good morning", "The weather is fine", "Tomorrow it will rain", "Please wait")
    for rest in ("to you", "in the north", "and we stay at home", "until the train has left", "now")
)
"""What is spoken: the sound of each is another one's."""
SAME_LENGTH = 0.1
"""Share by which two syntheses of one text may differ in length, where a voice varies them."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How one request went."""

    kind: str
    error: str = ""
    """What the server refused it with."""
    mixed_up: bool = False
    """Whether the answer is that of another request."""
    first_ms: float = 0.0
    """Until its first byte."""


Request = Callable[["OpenAI"], Answered]


def client_for(server: ServerProcess, token: str) -> OpenAI:
    """Return the official client of one device. Raises ModelMissing where it is not installed."""
    try:
        from openai import OpenAI
    except ImportError as error:
        raise ModelMissing(
            "The bench asks the server through openai, which is not installed.",
            "Type: avatar-app extras add server",
        ) from error
    address = f"{server.address}/v1"
    return OpenAI(api_key=token, base_url=address, timeout=PATIENCE, max_retries=0)


def spoken(client: OpenAI, text: str) -> tuple[bytes, float]:
    """Return the sound of a text, PCM, and the milliseconds until its first byte."""
    begun = time.perf_counter()
    with client.audio.speech.with_streaming_response.create(
        model=MODEL, voice=VOICE, input=text, response_format="pcm"
    ) as answer:
        pieces = answer.iter_bytes()
        first = next(pieces, b"")
        first_ms = 1000 * (time.perf_counter() - begun)
        return first + b"".join(pieces), first_ms


def transcribed(client: OpenAI, recording: bytes) -> str:
    """Return what is said in a recording, a WAV file."""
    file = ("said.wav", io.BytesIO(recording))
    return client.audio.transcriptions.create(model=MODEL, file=file).text


def wav_of(samples: Samples) -> bytes:
    """Return the WAV file of a sound of 16 kHz."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(MICROPHONE_RATE)
        writer.writeframes(pcm_of(samples))
    return file.getvalue()


class Mixture:
    """Requests of all kinds, each with the answer that it alone must get."""

    def __init__(self, client: OpenAI, recordings: Sequence[bytes]) -> None:
        """Ask for everything once, and alone, to know the right answers."""
        self._sounds = {text: spoken(client, text)[0] for text in TEXTS}
        self._repeats = all(spoken(client, text)[0] == self._sounds[text] for text in TEXTS[:3])
        self._said = [(each, transcribed(client, each)) for each in recordings]

    def requests(self, count: int) -> list[Request]:
        """Return so many: of ten six are speech, three are questions, and one is a recording."""
        texts, factors = itertools.cycle(TEXTS), itertools.cycle(range(2, 30))
        recordings = itertools.cycle(self._said)
        made: list[Request] = []
        for number in range(count):
            if number % 10 == 9:
                made.append(self._hear(*next(recordings)))
            elif number % 10 in (2, 5, 8):
                made.append(_ask(next(factors), 2 + number % 31))
            else:
                made.append(self._speak(next(texts)))
        return made

    def _speak(self, text: str) -> Request:
        def request(client: OpenAI) -> Answered:
            sound, first_ms = spoken(client, text)
            return Answered("speech", "", not self._is_of(sound, text), first_ms)

        return request

    def _hear(self, recording: bytes, text: str) -> Request:
        def request(client: OpenAI) -> Answered:
            return Answered("transcription", "", transcribed(client, recording) != text)

        return request

    def _is_of(self, sound: bytes, text: str) -> bool:
        right = self._sounds[text]
        if self._repeats:
            return sound == right
        return abs(len(sound) - len(right)) <= SAME_LENGTH * len(right) + STREAM_RATE // 5


def _ask(first: int, second: int) -> Request:
    def request(client: OpenAI) -> Answered:
        question = f"What is {first} times {second}?"
        answer = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": question}]
        )
        said = answer.choices[0].message.content or ""
        return Answered("question", "", str(first * second) not in said)

    return request


def ask_all(clients: Sequence[OpenAI], requests: Sequence[Request], at_once: int) -> list[Answered]:
    """Send the requests, so many at once, in turn as each of the clients; return their answers."""
    from openai import OpenAIError

    def ask(numbered: tuple[int, Request]) -> Answered:
        number, request = numbered
        try:
            return request(clients[number % len(clients)])
        except OpenAIError as error:
            return Answered("failed", str(error) or type(error).__name__)

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(ask, enumerate(requests)))


def errors_of(answers: Sequence[Any]) -> list[str]:
    """Return what requests were refused with."""
    return [answer.error for answer in answers if answer.error]
