"""The official OpenAI client speaks, transcribes and chats with the server, unchanged."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openai
import pytest
import soundfile
from served import client_of, http_of, serving

from avatar_app.core.values import MICROPHONE_RATE
from avatar_app.media.sound_reader import read_sound
from avatar_app.media.stream_encoder import STREAM_RATE, samples_of

pytestmark = pytest.mark.usefixtures("loopback", "user_engines_forgotten")

SENTENCE = "Good morning. The weather is nice today."
RECORDING = Path(__file__).parents[1] / "data" / "goforward.wav"


def test_the_client_gets_speech_in_every_format(tmp_path: Path) -> None:
    with serving() as server, client_of(server) as client:
        lengths = {}
        for name in ("wav", "flac", "mp3", "opus", "aac"):
            path = tmp_path / f"speech.{name}"
            answer = client.audio.speech.create(
                model="tts-1", voice="alloy", input=SENTENCE, response_format=name
            )
            answer.write_to_file(path)
            lengths[name] = read_sound(path, MICROPHONE_RATE).seconds
        pcm = client.audio.speech.create(
            model="avatar", voice="m3", input=SENTENCE, response_format="pcm"
        ).content
    lengths["pcm"] = len(pcm) / 2 / STREAM_RATE
    assert all(abs(length - lengths["wav"]) < 0.15 for length in lengths.values()), lengths
    assert 1.5 < lengths["wav"] < 6
    assert np.abs(samples_of(pcm)).max() > 0.1


def test_speed_voice_and_streams_are_what_was_asked_for() -> None:
    with serving() as server, client_of(server) as client:

        def spoken(**asked: object) -> bytes:
            asked = {"voice": "f2", "speed": 1.0} | asked
            with client.audio.speech.with_streaming_response.create(
                model="espeak", input=SENTENCE, response_format="pcm", **asked
            ) as answer:
                pieces = list(answer.iter_bytes(4096))
            assert len(pieces) > 1
            return b"".join(pieces)

        usual, fast, other = spoken(), spoken(speed=2.0), spoken(voice="m1")
        assert len(fast) < 0.7 * len(usual)
        assert usual != other
        assert spoken() == usual  # the options of one request are not those of the next
        with http_of(server) as plain:
            body = {"input": SENTENCE, "response_format": "pcm", "stream_format": "sse"}
            lines = plain.post("/v1/audio/speech", json=body).text.split("\n\n")
        events = [json.loads(line.removeprefix("data: ")) for line in lines if line]
        assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
        assert events[-1]["type"] == "speech.audio.done"


def test_what_cannot_be_spoken_is_refused_with_a_sentence() -> None:
    with serving() as server, client_of(server) as client:
        speech = client.audio.speech
        for wrong, words in (
            ({"voice": "nobody"}, "cannot be 'nobody'"),
            ({"speed": 9.0}, "speed"),
            ({"input": "  "}, "nothing to say"),
            ({"response_format": "midi"}, "cannot be sent as 'midi'"),
        ):
            asked = {"model": "tts-1", "voice": "alloy", "input": "Hello"} | wrong
            with pytest.raises(openai.BadRequestError, match=words):
                speech.create(**asked)
        with pytest.raises(openai.NotFoundError, match="no model 'espresso'"):
            speech.create(model="espresso", voice="alloy", input="Hello")
        with pytest.raises(openai.BadRequestError, match="input"):
            speech.create(model="tts-1", voice="alloy", input="a" * 30_000)
        assert [model.id for model in client.models.list()] == [
            "avatar", "builtin", "espeak", "pocketsphinx",
        ]  # fmt: skip


def test_recordings_are_transcribed_in_every_format() -> None:
    with serving() as server, client_of(server) as client, RECORDING.open("rb") as file:

        def transcribed(format: str) -> object:
            file.seek(0)
            return client.audio.transcriptions.create(
                model="whisper-1", file=file, response_format=format
            )

        verbose = transcribed("verbose_json")
        assert [word.word for word in verbose.words] == ["go", "forward", "ten", "meters"]
        assert verbose.segments[0].end <= verbose.duration
        assert transcribed("srt").startswith("1\n00:00:0")
        file.seek(0)
        events = list(client.audio.transcriptions.create(model="whisper-1", file=file, stream=True))
        assert [event.type for event in events] == [
            "transcript.text.delta", "transcript.text.done",
        ]  # fmt: skip
        assert events[-1].text == "go forward ten meters"
        with pytest.raises(openai.BadRequestError, match="not a readable sound file"):
            client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"RIFFgarbage"))
        file.seek(0)
        with pytest.raises(openai.BadRequestError, match="does not understand 'de'"):
            client.audio.transcriptions.create(model="whisper-1", file=file, language="de")


def test_the_avatar_chats_at_once_and_piece_by_piece() -> None:
    question = [{"role": "user", "content": "What is seven times eight?"}]
    with serving() as server, client_of(server) as client:
        whole = client.chat.completions.create(model="gpt-4o", messages=question)
        assert "56" in whole.choices[0].message.content
        assert whole.choices[0].finish_reason == "stop"
        stream = client.chat.completions.create(model="avatar", messages=question, stream=True)
        pieces = [chunk.choices[0] for chunk in stream]
        assert "56" in "".join(piece.delta.content or "" for piece in pieces)
        assert pieces[-1].finish_reason == "stop"
        with pytest.raises(openai.BadRequestError, match="The last message must be the user's"):
            client.chat.completions.create(
                model="avatar", messages=[{"role": "assistant", "content": "Hello"}]
            )
        address = {"type": "image_url", "image_url": {"url": "http://127.0.0.1/secret"}}
        shown = [{"role": "user", "content": [address]}]
        with pytest.raises(openai.BadRequestError, match="not part of the request"):
            client.chat.completions.create(model="avatar", messages=shown)


CALLER = """
from avatar_app.core.values import ToolCall

class Caller:
    def __init__(self):
        self.prompt = None

    def configure(self):
        pass

    def reply(self, prompt, turn):
        turn.check()
        yield "Let me see. "
        if prompt.tools and "returned" not in prompt.user_text:
            yield ToolCall(prompt.tools[0].name, {"city": "Rome"})
        yield prompt.user_text

    def close(self):
        pass
"""
MANIFEST = """
name: caller
kind: dialogue
entry: engine:Caller
title: The caller
summary: It calls the first function that it is offered.
license: MIT
"""


def add_caller() -> None:
    from avatar_app.system.paths import app_paths

    folder = app_paths().engines / "dialogue" / "caller"
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(MANIFEST)
    (folder / "engine.py").write_text(CALLER)


@pytest.mark.parametrize("stream", [False, True])
def test_functions_of_the_client_are_called_by_the_client(*, stream: bool) -> None:
    add_caller()
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    asked = [{"role": "user", "content": "How is the weather?"}]
    with serving({"dialogue.engine": "caller"}) as server, client_of(server) as client:
        chat = client.chat.completions
        if stream:
            chunks = list(chat.create(model="caller", messages=asked, tools=[tool], stream=True))
            deltas = [chunk.choices[0].delta for chunk in chunks]
            (call,) = next(delta.tool_calls for delta in deltas if delta.tool_calls)
            reason = chunks[-1].choices[0].finish_reason
        else:
            choice = chat.create(model="caller", messages=asked, tools=[tool]).choices[0]
            call, reason = choice.message.tool_calls[0], choice.finish_reason
        assert (call.function.name, call.function.arguments) == ("weather", '{"city": "Rome"}')
        assert reason == "tool_calls"
        function = {"name": "weather", "arguments": "{}"}
        called = {"id": call.id, "type": "function", "function": function}
        asked += [
            {"role": "assistant", "tool_calls": [called]},
            {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
        ]
        answer = chat.create(model="caller", messages=asked, tools=[tool]).choices[0].message
        assert answer.content == "Let me see. (weather returned: sunny)"


def test_sixteen_requests_at_once_get_what_each_asked_for() -> None:
    with serving() as server, client_of(server) as client:

        def spoken(number: int) -> bytes:
            text = " ".join(["One and two."] * (1 + number % 4))
            return client.audio.speech.create(
                model="avatar", voice="alloy", input=text, response_format="pcm"
            ).content

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(spoken, range(16)))
    for number, answer in enumerate(answers):
        assert answer == answers[number % 4]
    assert [len(answers[n]) < len(answers[n + 1]) for n in range(3)] == [True] * 3


def test_wav_without_an_end_is_read_by_common_libraries() -> None:
    with serving() as server, client_of(server) as client:
        content = client.audio.speech.create(
            model="avatar", voice="alloy", input=SENTENCE, response_format="wav"
        ).content
    samples, rate = soundfile.read(io.BytesIO(content))
    assert rate == STREAM_RATE
    assert len(samples) > rate
    assert b"Synthetic media" in content[:300]
