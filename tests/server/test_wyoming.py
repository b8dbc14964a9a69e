"""Home Assistant's protocol: the official client is answered, and garbage costs a sentence."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import PATIENCE, serving
from served_engines import LIGHT, add_light_engines
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.handle import Handled
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize, SynthesizeVoice

from avatar_app.core.errors import ConfigInvalid
from avatar_app.server.options import ServerOptions
from avatar_app.server.wyoming_service.memory import (
    FORGOTTEN_AFTER,
    MOST_CONVERSATIONS,
    MOST_MESSAGES,
    TalkMemory,
)

pytestmark = pytest.mark.usefixtures("loopback", "user_engines_forgotten")


async def asked(client: AsyncTcpClient, *events: Any) -> Any:
    for event in events:
        await client.write_event(event.event())
    return await client.read_event()


async def use_all_services(port: int) -> None:
    async with AsyncTcpClient("127.0.0.1", port) as client:
        assert Pong.is_type((await asked(client, Ping("x"))).type)
        info = Info.from_event(await asked(client, Describe()))
        assert info.asr[0].models[0].name == "deaf"
        assert [voice.name for voice in info.tts[0].voices] == ["flat"]
        assert info.handle[0].name == "avatar"
        assert info.handle[0].models[0].languages == ["en"]
        answer = Handled.from_event(await asked(client, Transcript("hello", context={"id": "7"})))
        assert (answer.text, answer.context) == ("You said hello.", {"id": "7"})
        await transcribe(client)
        await speak(client)


async def transcribe(client: AsyncTcpClient) -> None:
    """A second of sound in stereo at 48 kHz, and then silence."""
    at = np.arange(48_000) / 48_000
    tone = (9_000 * np.sin(2 * np.pi * 300 * at)).astype("<i2").repeat(2)
    form = {"rate": 48_000, "width": 2, "channels": 2}
    chunks = [AudioChunk(audio=part.tobytes(), **form) for part in np.split(tone, 10)]
    result = await asked(client, Transcribe(), AudioStart(**form), *chunks, AudioStop())
    assert Transcript.from_event(result).text == "something loud"
    result = await asked(client, Transcribe(), AudioStart(16_000, 2, 1), AudioStop())
    assert Transcript.from_event(result).text == ""


async def speak(client: AsyncTcpClient) -> None:
    wanted = Synthesize("one two three", voice=SynthesizeVoice(name="flat"))
    start = AudioStart.from_event(await asked(client, wanted))
    assert (start.width, start.channels) == (2, 1)
    sound = b""
    while AudioChunk.is_type((event := await client.read_event()).type):
        sound += AudioChunk.from_event(event).audio
    assert AudioStop.is_type(event.type)
    assert len(sound) == 3 * 2 * start.rate // 5
    assert np.abs(np.frombuffer(sound, "<i2")).max() > 3_000


class Garbled(SynthesizeVoice):
    """A voice that is none."""

    def to_dict(self) -> Any:
        return 5


async def refuse_garbage(port: int) -> None:
    wrong: Any = [5]
    async with AsyncTcpClient("127.0.0.1", port) as client:
        for event, words in (
            (Synthesize("a" * 5_000), "letters"),
            (AudioStart(1, 2, 1), "rate"),
            (AudioChunk(16_000, 4, 1, b"\0" * 8), "not 16-bit"),
            (Synthesize("  "), "say"),
            (Synthesize(wrong), "none"),
            (Synthesize("a", voice=SynthesizeVoice(language=wrong)), "no text"),
            (Synthesize("a", voice=Garbled("a")), "incomplete"),
            (Transcribe(language=wrong), "no text"),
            (Transcript("a", context=wrong), "incomplete"),
            (AudioStart(wrong, 2, 1), "incomplete"),
        ):
            assert words in Error.from_event(await asked(client, event)).text
        answer = await asked(client, Transcript("still here"))
        assert Handled.from_event(answer).text == "You said still here."


async def converse(port: int) -> list[str]:
    """Each turn comes over a connection of its own, as Home Assistant sends it."""
    answers = []
    for identity, text in (
        ("1", "hello"), ("2", "recall"), ("1", "recall"), (None, "recall"), ("1", "recall"),
    ):  # fmt: skip
        async with AsyncTcpClient("127.0.0.1", port) as client:
            said = Transcript(text, context={"conversation_id": identity})
            answers.append(Handled.from_event(await asked(client, said)).text)
    return answers


GARBAGE = (
    (b"hello\n", "not understood"),
    (b"[1]\n", "not understood"),
    (b'{"data_length": 3}\n123', "not understood"),
    (b'{"type": "audio-chunk", "payload_length": 99999999999}\n', "1 MB"),
    (b'{"type": "x", "data_length": -1}\n', "1 MB"),
    (b'{"type": "ping", "data": [1]}\n', "not understood"),
    (b'{"type": "transcript", "data": {"text": "\\ud800"}}\n', "not understood"),
    (b'{"type": "x", "data": ' + b"[" * 30_000 + b"\n", "not understood"),
)


def end_what_is_no_event(port: int) -> None:
    for sent, words in GARBAGE:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw:
            raw.sendall(sent)
            answer = raw.makefile("rb").read()
        assert json.loads(answer.splitlines()[0])["type"] == "error"
        assert words in answer.decode()


def test_the_official_client_is_answered_and_garbage_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "avatar_app.server.wyoming_service")
    add_light_engines()
    with serving(LIGHT, wyoming=0) as server:
        assert server.wyoming is not None
        asyncio.run(use_all_services(server.wyoming.port))
        assert asyncio.run(converse(server.wyoming.port)) == [
            "You said hello.",
            "I said: nothing.",
            "I said: You said hello..",
            "I said: nothing.",
            "I said: I said: You said hello...",
        ]
        end_what_is_no_event(server.wyoming.port)
        asyncio.run(refuse_garbage(server.wyoming.port))
    logged = [each for each in caplog.records if each.message == "an event was not understood"]
    assert logged, "it may be a bug"
    assert all(each.exc_info for each in logged)


def test_a_server_ends_quietly_under_a_connected_client() -> None:
    """Nothing is logged, neither for a client that waits nor for one that is answered."""
    add_light_engines()
    with serving(LIGHT, wyoming=0) as server:
        assert server.wyoming is not None
        waiting = socket.create_connection(("127.0.0.1", server.wyoming.port), timeout=PATIENCE)
        waiting.sendall(b'{"type": "ping"}\n')
        assert b"pong" in waiting.recv(1_000)
    with waiting, waiting.makefile("rb") as rest:
        rest.read()  # to the end: the connection is closed


def test_conversations_are_forgotten() -> None:
    """After a while, and when there are too many."""
    now = 0.0
    memory = TalkMemory(lambda: now)
    for number in range(MOST_CONVERSATIONS + 1):
        memory.remember("house", {"conversation_id": str(number)}, "hello", "hi")
    assert memory.recall("house", {"conversation_id": "0"}) == ()
    context = {"conversation_id": "1"}
    assert [message.text for message in memory.recall("house", context)] == ["hello", "hi"]
    assert memory.recall("other", context) == ()
    for _ in range(MOST_MESSAGES):
        memory.remember("house", context, "more", "yes")
    assert len(memory.recall("house", context)) == MOST_MESSAGES
    for nameless in (None, {}, {"conversation_id": 5}, {"conversation_id": "x" * 1000}):
        memory.remember("house", nameless, "hello", "hi")
        assert memory.recall("house", nameless) == ()
    now = FORGOTTEN_AFTER + 1
    assert memory.recall("house", context) == ()


def test_other_machines_need_an_explicit_word(tmp_path: Path) -> None:
    pem = tmp_path / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=home"]
    files = ["-out", str(pem), "-keyout", str(pem.with_suffix(".key"))]
    subprocess.run([*command, *files], check=True, capture_output=True)
    key = pem.with_suffix(".key")
    options = ServerOptions("0.0.0.0", certificate=pem, key=key, wyoming=10_300)
    with pytest.raises(ConfigInvalid, match="neither encryption nor tokens"):
        options.check()
    replace(options, unencrypted=True).check()
    ServerOptions(wyoming=10_300).check()
