"""The official client talks with the avatar by realtime events, unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from openai.resources.realtime.realtime import RealtimeConnection
from realtime import RATE, Talk, talking
from served import serving
from served_engines import LIGHT, add_light_engines

from avatar_app.media.sound_reader import read_sound
from avatar_app.server.running import AvatarServer

pytestmark = [
    pytest.mark.usefixtures("loopback", "user_engines_forgotten"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),  # by openai
]

RECORDING = Path(__file__).parents[1] / "data" / "goforward.wav"
WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "Return the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}

LONG_MESSAGE = {
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "a" * 20_000}],
}


def voice(seconds: float) -> np.ndarray:
    """A sound that detectors take for a voice: a hum with syllables."""
    at = np.arange(int(seconds * RATE)) / RATE
    hum = sum(np.sin(2 * np.pi * 140 * n * at) / n for n in range(1, 20))
    return (0.12 * hum * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at))).astype(np.float32)


def test_a_text_is_answered_by_voice_in_the_expected_order() -> None:
    add_light_engines()
    with serving(LIGHT) as server, talking(server) as talk:
        talk.say("hello there")
        response = talk.answer()
        assert response.status == "completed"
        (message,) = response.output
        assert message.content[0].transcript == "You said hello there."
        order = [
            "session.created", "conversation.item.added", "conversation.item.done",
            "response.created", "response.output_item.added", "response.content_part.added",
            "response.output_audio_transcript.delta", "response.output_audio.delta",
            "response.output_audio.done", "response.output_audio_transcript.done",
            "response.content_part.done", "response.output_item.done", "response.done",
        ]  # fmt: skip
        assert talk.kinds == order
        seconds = len(talk.sound) / 2 / RATE
        assert seconds == 0.8  # four words
        assert np.abs(np.frombuffer(talk.sound, "<i2")).max() > 3000


def test_one_session_in_many_ways() -> None:
    """Text only, other instructions, another voice, what is refused."""
    add_light_engines()
    with serving(LIGHT) as server, talking(server) as talk:
        session = talk.configure(output_modalities=["text"], instructions="Be a pirate.")
        assert session.output_modalities == ["text"]
        talk.say("instructions")
        (message,) = talk.answer().output
        assert message.content[0].text == "Be a pirate."
        assert talk.of("response.output_text.delta")
        assert not talk.of("response.output_audio.delta")
        talk.configure(output_modalities=["audio"], audio={"output": {"voice": "m3", "speed": 2.0}})
        talk.say("now by voice")
        talk.answer()
        assert talk.sound
        refuse_garbage(talk)
        talk.say("still here")
        assert talk.answer().output[0].content[0].transcript == "You said still here."


def refuse_garbage(talk: Talk) -> None:
    connection: RealtimeConnection = talk.connection
    socket = connection._connection
    for text, words in (
        ("{", "not JSON"),
        ("[1, 2]", "no JSON object"),
        ('{"type": "dance"}', "There is no event 'dance'"),
        ('{"type": 7}', "There is no event '7'"),
        ('{"type": "dance", "event_id": "\\ud800"}', "not JSON"),
        ('{"type": "conversation.item.create", "item": {"type": "message", "role": [1]}}', "type"),
        ('{"type": "response.create", "response": "now"}', "nothing to answer"),
        ('{"type": "response.create", "response": [5]}', "nothing to answer"),
        ('{"type": "session.update", "session": "x"}', "session"),
        ('{"type": "input_audio_buffer.append", "audio": "***"}', "not base64"),
        ('{"type": "input_audio_buffer.append", "audio": "AA=="}', "not 16-bit PCM"),
        ('{"type": "input_audio_buffer.commit"}', "by themselves"),
        ('{"type": "response.create"}', "nothing to answer"),
        ('{"type": "response.cancel"}', "No response is under way"),
        ('{"type": "conversation.item.retrieve", "item_id": "x"}', "no item 'x'"),
        ('{"type": "conversation.item.truncate", "item_id": "x"}', "can be truncated"),
        ('{"type": "conversation.item.create", "item": {"type": "song"}}', "cannot be created"),
        ('{"type": "session.update", "session": {"audio": {"output": {"speed": 9}}}}', "speed"),
        ('{"type": "session.update", "session": {"audio": {"output": {"voice": "x"}}}}', "'x'"),
        ("[" * 100_000, "not JSON"),
    ):
        socket.send(text)
        error = talk.until("error").error
        assert words in error.message, error
        assert error.type == "invalid_request_error"
    for _ in range(2):
        socket.send(json.dumps({"type": "conversation.item.create", "item": LONG_MESSAGE}))
    assert "wait for an answer" in talk.until("error").error.message
    talk.connection.response.create()
    talk.until("response.done")
    socket.send(json.dumps({"type": "dance", "event_id": "mine"}))
    assert talk.until("error").error.event_id == "mine"
    socket.send(b"\0\1\2")
    assert "binary" in talk.until("error").error.message


def test_the_history_ends_where_the_listener_stopped_to_hear() -> None:
    add_light_engines()
    with serving(LIGHT) as server, talking(server) as talk:
        talk.say("count 6")
        item = talk.until("response.output_item.added").item
        while len(talk.sound) / 2 / RATE < 1.6:
            talk.until("response.output_audio.delta")
        talk.connection.conversation.item.truncate(
            item_id=item.id, content_index=0, audio_end_ms=1000
        )
        talk.until("conversation.item.truncated")
        response = talk.answer()
        assert response.status == "cancelled"
        assert response.status_details.reason == "client_cancelled"
        talk.say("recall")
        recalled = talk.answer().output[0].content[0].transcript
        heard = recalled.removeprefix("I said: ").removesuffix(".")
        assert heard.startswith("one two")
        assert heard == "one two three four five"  # a word lasts 0.2 s
        talk.connection.conversation.item.retrieve(item_id=item.id)
        talk.connection.conversation.item.truncate(
            item_id=item.id, content_index=0, audio_end_ms=60_000
        )
        assert "ms of the item were sent" in talk.until("error").error.message


def test_a_function_of_the_client_is_called_and_the_answer_goes_on() -> None:
    add_light_engines()
    with serving(LIGHT) as server, talking(server, tools=[WEATHER]) as talk:
        talk.say("weather")
        done = talk.until("response.function_call_arguments.done")
        assert (done.name, json.loads(done.arguments)) == ("weather", {"city": "Rome"})
        first = talk.answer()
        assert (first.status, first.output[0].type) == ("completed", "function_call")
        output = {"type": "function_call_output", "call_id": done.call_id, "output": "sunny"}
        talk.connection.conversation.item.create(item=output)
        talk.connection.response.create()
        second = talk.answer()
        assert second.id != first.id
        assert second.output[0].content[0].transcript == "It is sunny."
        talk.say("weather")
        talk.answer()
        talk.connection.response.cancel()  # nobody waits for ever
        talk.say("hello")
        assert talk.answer().output[0].content[0].transcript == "You said hello."


def test_the_user_speaks_and_interrupts() -> None:
    add_light_engines()
    with serving(LIGHT) as server, talking(server) as talk:
        talk.send_sound(np.concatenate([voice(1.0), np.zeros(RATE, np.float32)]))
        started = talk.until("input_audio_buffer.speech_started")
        assert talk.until("input_audio_buffer.committed").item_id == started.item_id
        completed = talk.until("conversation.item.input_audio_transcription.completed")
        assert completed.transcript == "something loud"
        assert talk.answer().status == "completed"
        talk.say("count 6")
        talk.until("response.output_audio.delta")
        talk.send_sound(voice(1.5))
        talk.until("input_audio_buffer.speech_started")
        response = talk.answer()
        assert response.status == "cancelled"
        assert response.status_details.reason == "turn_detected"


@pytest.mark.parametrize("detection", [None, {"type": "semantic_vad", "eagerness": "high"}])
def test_the_client_may_decide_about_turns_or_their_meaning(detection: object) -> None:
    add_light_engines()
    audio = {"input": {"turn_detection": detection}}
    with serving(LIGHT) as server, talking(server, audio=audio) as talk:
        talk.send_sound(np.concatenate([voice(1.0), np.zeros(RATE // 4, np.float32)]))
        if detection is None:
            talk.connection.input_audio_buffer.commit()
            talk.connection.response.create()
        completed = talk.until("conversation.item.input_audio_transcription.completed")
        assert completed.transcript == "something loud"
        assert talk.answer().status == "completed"


@pytest.mark.slow
def test_a_recording_is_understood_and_answered_with_the_built_in_engines() -> None:
    with serving() as server, talking(server) as talk:
        talk.send_sound(read_sound(RECORDING, RATE).samples)
        completed = talk.until("conversation.item.input_audio_transcription.completed")
        assert completed.transcript == "go forward ten meters"
        assert talk.answer().status == "completed"
        assert talk.sound


def test_a_stopping_server_lets_the_sentence_end() -> None:
    add_light_engines()
    with serving(LIGHT) as server:
        assert isinstance(server, AvatarServer)
        with talking(server) as talk:
            talk.say("count")
            talk.until("response.output_audio.delta")
            server.stop()
            response = talk.answer()
            assert response.status == "completed"
            assert response.output[0].content[0].transcript.endswith("twelve.")


def test_a_client_that_comes_back_finds_its_place() -> None:
    """The conversation before may still be closing, as where a page is loaded again."""
    add_light_engines()
    with serving(LIGHT, sessions=1) as server:
        for number in range(10):
            with talking(server, output_modalities=["text"]) as talk:
                talk.say(f"hello {number}")
                assert talk.answer().output[0].content[0].text == f"You said hello {number}."
