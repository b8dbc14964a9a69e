"""The avatar as a client of another avatar's server: it hears, thinks and speaks there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from real_models import LIGHT as SMALL_FACE
from real_models import talk
from real_models import talking as conversing
from served import serving
from served_engines import LIGHT, add_light_engines

from avatar_app.core.events import Outcome, UserSaid
from avatar_app.core.prompt import Message, Prompt, Role, ToolDescription
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import (
    MICROPHONE_RATE,
    AudioChunk,
    Samples,
    SpeechChunk,
    ToolCall,
    ToolResult,
)
from avatar_app.engines.dialogue.realtime.engine import RealtimeDialogue
from avatar_app.pipeline.output.spoken_words import as_wave
from avatar_app.session.offline.recordings import ReportLine

pytestmark = pytest.mark.usefixtures("loopback", "user_engines_forgotten")
WEATHER = ToolDescription("weather", "The weather.", {"type": "object", "properties": {}})


def voice(seconds: float) -> Samples:
    """A sound that detectors take for a voice: a hum with syllables; 16 kHz."""
    at = np.arange(int(seconds * MICROPHONE_RATE)) / MICROPHONE_RATE
    hum = sum(np.sin(2 * np.pi * 140 * n * at) / n for n in range(1, 20))
    return (0.12 * hum * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at))).astype(np.float32)


@contextmanager
def served(**options: Any) -> Iterator[RealtimeDialogue]:
    """An engine, and the server that it talks to."""
    add_light_engines()
    with serving(LIGHT) as server:
        dialogue = RealtimeDialogue(address=f"{server.address}/v1", patience=60.0, **options)
        try:
            yield dialogue
        finally:
            dialogue.close()


def typed(text: str) -> Message:
    return Message(Role.USER, text)


def words_of(outputs: list[Any]) -> str:
    assert all(isinstance(each, SpeechChunk) for each in outputs)
    return " ".join(each.text for each in outputs if each.text)


def test_the_sound_is_heard_there_and_the_answer_is_spoken() -> None:
    spoken = as_wave([AudioChunk(voice(1.0), MICROPHONE_RATE)])
    with served() as dialogue:
        outputs = list(dialogue.reply(Prompt((Message(Role.USER, "x", spoken=spoken),)), Turn(1)))
    assert words_of(outputs) == "You said something loud."
    sound = np.concatenate([chunk.audio.samples for chunk in outputs])
    assert len(sound) == pytest.approx(0.8 * 24_000, abs=250)  # four words
    assert np.abs(sound).max() > 0.1


@pytest.mark.parametrize("turn_detection", ["server_vad", "semantic_vad"])
def test_the_server_ends_turns(turn_detection: str) -> None:
    """It finds their ends by itself, twice in one session, and also answers what is typed."""
    spoken = as_wave([AudioChunk(voice(1.0), MICROPHONE_RATE)])
    messages: list[Message] = []
    with served(turn_detection=turn_detection) as dialogue:
        for text in ("first", "second", "count"):
            sound = None if text == "count" else spoken
            messages.append(Message(Role.USER, text, spoken=sound))
            said = words_of(list(dialogue.reply(Prompt(tuple(messages)), Turn(len(messages)))))
            assert said.startswith("one two" if text == "count" else "You said something loud.")
            messages.append(Message(Role.AVATAR, said, heard_seconds=60.0))


def test_the_server_remembers_no_more_than_was_heard() -> None:
    with served() as dialogue:
        turn, seconds = Turn(1), 0.0
        reply = dialogue.reply(Prompt((typed("count 6"),)), turn)
        while seconds < 1.6:
            seconds += next(reply).audio.seconds
        turn.cancel()
        with pytest.raises(TurnCancelled):
            list(reply)
        heard = Message(Role.AVATAR, "one two", interrupted=True, heard_seconds=1.0)
        so_far = (typed("count 6"), heard)
        list(dialogue.prepare(Prompt(so_far), Turn(2)))
        outputs = list(dialogue.reply(Prompt((*so_far, typed("recall"))), Turn(3)))
    assert words_of(outputs) == "I said: one two three four five."  # a word lasts 0.2 s


def test_a_function_of_this_side_is_called_from_there() -> None:
    with served() as dialogue:
        reply = dialogue.reply(Prompt((typed("weather"),), (WEATHER,)), Turn(1))
        assert next(reply) == ToolCall("weather", {"city": "Rome"})
        outputs = [reply.send(ToolResult("sunny")), *reply]
    assert words_of(outputs) == "It is sunny."


def test_a_whole_conversation_through_a_server() -> None:
    add_light_engines()
    with serving(LIGHT) as server:
        here = LIGHT | {"dialogue.engine": "realtime", "face.engine": "illustrated"} | SMALL_FACE
        here["dialogue.options.address"] = f"{server.address}/v1"
        with conversing(here) as offline:
            turns = talk(offline, ReportLine("spoken", voice(1.0)), ReportLine("count"))
            said = [event.text for _, event in offline.events if isinstance(event, UserSaid)]
    assert said == ["something loud", "count"]
    assert [turn.outcome for turn in turns] == [Outcome.FINISHED] * 2
    assert turns[0].heard_text == "You said something loud."
    assert turns[1].heard_text.startswith("one two three")
    assert all(turn.pictures.shown > 3 for turn in turns)
