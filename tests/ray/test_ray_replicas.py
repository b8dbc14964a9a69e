"""Engines as actors of a real Ray cluster: their protocols hold, and one that is killed is
replaced within its sentence."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from served_engines import LIGHT, add_light_engines

from avatar_app.core.errors import ConfigInvalid, EngineDied
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Message, Prompt, Role, ToolDescription
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk, SpeechChunk, ToolCall, ToolResult
from avatar_app.runtime.factory import engine_factory
from avatar_app.runtime.ray.replica import RayReplica
from avatar_app.runtime.registry import Registry
from avatar_app.runtime.sharing.clients import SharedSynthesizer
from avatar_app.runtime.sharing.replicas import ReplicaPool
from avatar_app.session.served.shared_engines import SharedEngines, VoiceRequest
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import app_paths

pytestmark = pytest.mark.usefixtures("cluster", "loopback", "user_engines_forgotten")
TEXT = "one two three four five six"
LONG_TEXT = " ".join([TEXT] * 200)
"""Much more than is made ahead."""


@pytest.fixture(autouse=True)
def light_engines(user_files_in_temporary_folder: None) -> None:
    add_light_engines()


def replica(kind: Kind, name: str, **options: Any) -> RayReplica:
    registry = Registry(user_paths=app_paths())
    manifest = registry.find(kind, name)
    return RayReplica(engine_factory(registry, manifest, options), manifest.title)


@pytest.fixture
def voice() -> Iterator[RayReplica]:
    made = replica(Kind.TTS, "flat")
    yield made
    made.close()


def test_a_voice_speaks_and_is_configured(voice: RayReplica) -> None:
    chunks = list(voice.speak(TEXT, Turn(1)))
    assert [chunk.text for chunk in chunks] == TEXT.split()
    assert all(isinstance(chunk, SpeechChunk) for chunk in chunks)
    voice.configure(voice="m1")
    assert len(list(voice.speak("one", Turn(2)))) == 1


def test_work_is_cancelled_and_the_next_is_done(voice: RayReplica) -> None:
    turn = Turn(1)
    speech = voice.speak(TEXT, turn)
    next(speech)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(speech)
    assert len(list(voice.speak(TEXT, Turn(2)))) == 6


def test_a_dialogue_calls_functions() -> None:
    dialogue = replica(Kind.DIALOGUE, "mirror")
    try:
        tools = (ToolDescription("weather", "", {}),)
        reply = dialogue.reply(Prompt((Message(Role.USER, "weather"),), tools), Turn(1))
        assert next(reply) == ToolCall("weather", {"city": "Rome"})
        assert [reply.send(ToolResult("sunny")), *reply] == ["It is sunny."]
    finally:
        dialogue.close()


def test_a_recognizer_hears_sound_that_comes_slowly() -> None:
    recognizer = replica(Kind.ASR, "deaf")
    heard = threading.Event()

    def microphone() -> Iterator[AudioChunk]:
        for number in range(40):
            if number == 30:
                assert heard.wait(60), "partial words come before the end"
            yield AudioChunk(np.full(160, 0.5, np.float32), 16_000)

    try:
        transcripts = recognizer.transcribe(microphone(), Turn(1))
        assert next(transcripts).text == "something"
        heard.set()
        assert [each.text for each in transcripts] == ["something loud"]
    finally:
        recognizer.close()


def test_what_the_engine_refuses_is_a_sentence_here() -> None:
    with pytest.raises(ConfigInvalid):
        replica(Kind.TTS, "espeak", voice="nobody")


def test_a_voice_that_is_killed_raises(voice: RayReplica) -> None:
    speech = voice.speak(LONG_TEXT, Turn(1))
    next(speech)
    voice.close()
    with pytest.raises(EngineDied):
        list(speech)


def test_another_replica_ends_the_sentence() -> None:
    made: list[RayReplica] = []

    def make() -> RayReplica:
        made.append(replica(Kind.TTS, "flat"))
        return made[-1]

    pool = ReplicaPool("Voice", make, 2)
    speech = SharedSynthesizer(pool, "a").speak(LONG_TEXT, Turn(1))
    chunks = [next(speech)]
    made[0].close()
    chunks += speech
    assert [chunk.text for chunk in chunks] == LONG_TEXT.split()
    assert len(made) == 2
    pool.close()


def test_a_servers_engines_are_actors() -> None:
    settings, _ = load_settings(overrides=LIGHT)
    notices: list[Any] = []
    engines = SharedEngines(settings, app_paths(), notices.append, 2, 2, on_ray=True)
    try:
        engines.load()
        speak = partial(engines.speech, text=TEXT, request=VoiceRequest(), turn=Turn(1))
        assert [chunk.text for chunk in speak("a")] == TEXT.split()
        assert notices == []
    finally:
        for pool in engines.pools.values():
            pool.close()
