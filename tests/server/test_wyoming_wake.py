"""Home Assistant's wake service: the official client is called by the word, and by nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import serving
from served_engines import LIGHT, add_light_engines
from wake_word import say
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.info import Describe, Info
from wyoming.wake import Detect, Detection, NotDetected

from avatar_app.core.values import Samples
from avatar_app.session.offline.simulated_user import silence
from avatar_app.system.paths import app_paths

pytestmark = pytest.mark.usefixtures("loopback", "user_engines_forgotten")

FORM = {"rate": 16_000, "width": 2, "channels": 1}


async def asked(client: AsyncTcpClient, *events: Any) -> Any:
    for event in events:
        await client.write_event(event.event())
    return await client.read_event()


def chunks(sound: Samples) -> list[AudioChunk]:
    pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2")
    return [AudioChunk(audio=part.tobytes(), **FORM) for part in np.array_split(pcm, 50)]


async def listen(port: int, text: str, names: list[str] | None = None) -> Any:
    """The answer to a stream in which somebody says a text."""
    sound = np.concatenate([silence(2.5), say(text), silence(1.5)])
    async with AsyncTcpClient("127.0.0.1", port) as client:
        events = [Detect(names=names), AudioStart(**FORM), *chunks(sound), AudioStop()]
        answer = await asked(client, *events)
        if Error.is_type(answer.type):
            return answer
        result = await asked(client, Transcribe(), AudioStart(**FORM), AudioStop())
        assert Transcript.from_event(result).text == ""  # the same connection recognizes
        return answer


async def describe(port: int) -> Info:
    async with AsyncTcpClient("127.0.0.1", port) as client:
        return Info.from_event(await asked(client, Describe()))


@pytest.mark.real_models
def test_a_satellite_is_called_by_the_word_alone(wake_features: Path) -> None:
    add_light_engines()
    wakeful = {"wake.engine": "livekit", "wake.options.model": str(wake_features)}
    with serving(LIGHT | wakeful, wyoming=0) as server:
        assert server.wyoming is not None
        port = server.wyoming.port
        (program,) = asyncio.run(describe(port)).wake
        assert (program.models[0].name, program.models[0].phrase) == ("hey_mira", "hey Mira")
        found = Detection.from_event(asyncio.run(listen(port, "Hey Mira", ["hey_mira"])))
        assert found.name == "hey_mira"
        assert 2500 < found.timestamp < 4200
        assert NotDetected.is_type(asyncio.run(listen(port, "good morning")).type)
        refused = Error.from_event(asyncio.run(listen(port, "Hey Mira", ["hey_jarvis"])))
        assert "hey_jarvis" in refused.text
        assert "hey_mira" in refused.text


BELL = """
from pathlib import Path

class Bell:
    phrase = "hey Bell"

    def __init__(self):
        with Path(__file__).with_name("loaded.txt").open("a") as file:
            file.write("loaded ")

    def configure(self):
        pass

    def heard(self, block):
        return False

    def close(self):
        pass
"""
MANIFEST = """
name: bell
kind: wake
entry: engine:Bell
title: Bell
summary: For tests.
license: MIT
"""


def test_who_asks_often_what_there_is_loads_the_wake_word_once() -> None:
    add_light_engines()
    folder = app_paths().engines / "wake" / "bell"
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(MANIFEST)
    (folder / "engine.py").write_text(BELL)
    with serving(LIGHT | {"wake.engine": "bell"}, wyoming=0) as server:
        assert server.wyoming is not None
        for _ in range(3):
            (program,) = asyncio.run(describe(server.wyoming.port)).wake
            assert program.models[0].phrase == "hey Bell"
    assert (folder / "loaded.txt").read_text() == "loaded "


def test_a_server_without_a_wake_word_says_so() -> None:
    add_light_engines()
    with serving(LIGHT, wyoming=0) as server:
        assert server.wyoming is not None
        assert asyncio.run(describe(server.wyoming.port)).wake == []
        refused = Error.from_event(asyncio.run(listen(server.wyoming.port, "Hey Mira")))
        assert "wake.engine=livekit" in refused.text
