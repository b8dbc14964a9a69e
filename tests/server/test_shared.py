"""Several clients at once: raw streams of speech, nothing of one reaches another, and figures."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from realtime import talking
from served import PATIENCE, client_of, http_of, serving
from served_engines import LIGHT, add_light_engines
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from avatar_app.media.stream_encoder import samples_of
from avatar_app.server.running import AvatarServer
from avatar_app.server.speech_stream import CHUNK
from avatar_app.session.served import shared_engines
from avatar_app.storage.syntheses import Synthesis, SynthesisLog
from avatar_app.system.paths import app_paths

pytestmark = [
    pytest.mark.usefixtures("loopback", "user_engines_forgotten"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),  # by openai
]
WORD = 9_600
"""Bytes of a word of the flat voice."""


@pytest.fixture(autouse=True)
def light_engines(user_files_in_temporary_folder: None) -> None:
    add_light_engines()


def until(socket: Any, kind: str) -> tuple[dict[str, Any], list[bytes]]:
    """Receive until a message of a kind, and the sound before it."""
    sound: list[bytes] = []
    while True:
        message = socket.recv(timeout=PATIENCE)
        if isinstance(message, bytes):
            sound.append(message)
        elif (parsed := json.loads(message))["type"] == kind:
            return parsed, sound


def stream_of(server: AvatarServer) -> Any:
    return connect(server.address.replace("http", "ws") + "/v1/audio/speech/stream")


def test_texts_come_as_chunks_in_their_order_and_can_be_cancelled() -> None:
    with serving(LIGHT) as server, stream_of(server) as socket:
        for identity, text in (("1", "one two"), ("2", "three"), ("3", "flood " * 20), ("4", "x")):
            socket.send(json.dumps({"type": "speak", "id": identity, "text": text}))
        done, sound = until(socket, "done")
        assert (done["id"], done["seconds"]) == ("1", 0.4)
        assert [len(chunk) for chunk in sound] == [CHUNK] * 5
        done, sound = until(socket, "done")
        assert (done["id"], sum(map(len, sound))) == ("2", WORD)
        until(socket, "started")
        socket.send(json.dumps({"type": "cancel"}))
        assert until(socket, "cancelled")[0]["id"] == "3"
        assert until(socket, "cancelled")[0]["id"] == "4"
        for wrong, words in (
            ("{", "not understood"),
            ("[]", "no such message"),
            (json.dumps({"type": "speak", "text": 5}), "text"),
            (json.dumps({"type": "speak", "id": "5", "text": " "}), "nothing to say"),
        ):
            socket.send(wrong)
            assert words in until(socket, "error")[0]["error"]["message"]
        socket.send(json.dumps({"type": "speak", "id": "6", "text": "again"}))
        assert until(socket, "done")[0]["id"] == "6"


def test_nothing_of_one_client_reaches_another() -> None:
    """Texts of different lengths and words, over HTTP and in conversations, all at once."""
    with serving(LIGHT, sessions=4) as server, client_of(server) as client:

        def converse(number: int) -> list[str]:
            with talking(server, output_modalities=["text"]) as talk:
                answers = []
                for turn in range(10):
                    talk.say(f"client {number} turn {turn}")
                    answers.append(talk.answer().output[0].content[0].text)
                return answers

        def speak(number: int) -> int:
            text = " ".join([f"word{number}"] * (1 + number % 7))
            pcm = client.audio.speech.create(
                model="avatar", voice="alloy", input=text, response_format="pcm"
            ).content
            levels = {pcm[at : at + 2] for at in range(0, len(pcm), 2)}
            assert len(levels) == 1, "the sound of one word has one level"
            return len(pcm) // WORD

        with ThreadPoolExecutor(8) as pool:
            talks = [pool.submit(converse, number) for number in range(4)]
            spoken = list(pool.map(speak, range(150)))
            answers = [talk.result() for talk in talks]
    assert spoken == [1 + number % 7 for number in range(150)]
    for number, texts in enumerate(answers):
        assert texts == [f"You said client {number} turn {turn}." for turn in range(10)]


def test_health_metrics_and_the_record_of_syntheses() -> None:
    with serving(LIGHT, sessions=3) as server, http_of(server) as http:
        body = {"input": "one two three", "response_format": "pcm", "voice": "m1"}
        assert http.post("/v1/audio/speech", json=body).status_code == 200
        http.get("/nothing")
        assert http.get("/health").json()["most_sessions"] == 3
        lines = http.get("/metrics").text.splitlines()
    assert "avatar_sessions 0" in lines
    assert "avatar_sessions_most 3" in lines
    assert 'avatar_engines_loaded{kind="tts"} 1' in lines
    assert 'avatar_requests_total{path="/v1/audio/speech",status="200"} 1' in lines
    assert 'avatar_requests_total{path="other",status="404"} 1' in lines
    assert "avatar_first_sound_seconds_count 1" in lines
    log = SynthesisLog.of(app_paths())
    (synthesis,) = log.latest()
    log.close()
    assert (synthesis.engine, synthesis.voice, synthesis.outcome) == ("flat", "m1", "finished")
    assert synthesis.seconds == pytest.approx(0.6)
    assert synthesis.characters == len("one two three")
    assert synthesis.first_ms is not None


def test_clock_that_is_ahead_deletes_no_record_of_syntheses() -> None:
    with closing(SynthesisLog.of(app_paths())) as log:
        old = Synthesis("phone", "flat", "", 3, 1.0, 2.0, 0.5, "finished")
        log.add(old, datetime(2020, 3, 1, 12, tzinfo=UTC))
        with serving(LIGHT):
            assert log.latest() == (old,)


def test_each_clause_of_a_conversation_is_recorded() -> None:
    with serving(LIGHT) as server, talking(server) as talk:
        talk.say("count 2")
        assert talk.answer().status == "completed"
    log = SynthesisLog.of(app_paths())
    second, first = log.latest()
    log.close()
    for clause in (first, second):
        assert (clause.engine, clause.outcome) == ("flat", "finished")
        assert clause.seconds == pytest.approx(12 * 0.2)
        assert clause.first_ms is not None


def test_a_stopping_server_lets_the_text_of_a_stream_end() -> None:
    with serving(LIGHT) as server, stream_of(server) as socket:
        text = "one " * 4000  # more than waits unsent on a line
        for identity in ("1", "2"):
            socket.send(json.dumps({"type": "speak", "id": identity, "text": text}))
        until(socket, "started")
        server.stop()
        cancelled, before = until(socket, "cancelled")
        done, after = until(socket, "done")
        assert (cancelled["id"], done["id"]) == ("2", "1")
        assert sum(map(len, before + after)) == 4000 * WORD
        with pytest.raises(ConnectionClosed, match="The server stops"):
            socket.recv(timeout=PATIENCE)


def test_a_conversation_for_which_no_memory_is_left_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The planner of memory decides; conversations under way go on, and others come later."""
    with serving(LIGHT, sessions=4) as server, talking(server) as talk:
        monkeypatch.setattr(shared_engines, "SESSION_MB", 1e9)
        with pytest.raises(ConnectionClosed) as caught, connect(realtime_of(server)) as refused:
            refused.recv(timeout=PATIENCE)
        assert "memory" in caught.value.rcvd.reason.lower()
        talk.say("hello")
        assert talk.answer().status == "completed"
        monkeypatch.setattr(shared_engines, "SESSION_MB", 1.0)
        with http_of(server) as http:
            while http.get("/health").json()["sessions"] > 1:
                continue
        with talking(server) as other:
            other.say("hello")
            assert other.answer().status == "completed"


def realtime_of(server: AvatarServer) -> str:
    return server.address.replace("http", "ws") + "/v1/realtime"


def test_frequent_sentences_of_a_slow_voice_come_from_its_cache() -> None:
    """Voices in processes of their own have one; it is the server's as well."""
    manifest = app_paths().engines / "tts" / "flat" / "manifest.yaml"
    manifest.write_text(f"{manifest.read_text()}isolation: process\n")
    sentence = "Good morning to all of you."
    with serving(LIGHT) as server, client_of(server) as client:
        sounds = [
            client.audio.speech.create(
                model="avatar", voice=voice, input=sentence, response_format="pcm"
            ).content
            for voice in ("m1", "m1", "m1", "m3")
        ]
        kept = list((app_paths().cache / "sentences").glob("*.npz"))
    assert len(kept) == 1
    assert len({len(sound) for sound in sounds}) == 1
    assert abs(samples_of(sounds[2]) - samples_of(sounds[0])).max() < 1e-3
