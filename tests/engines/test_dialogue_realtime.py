"""The client of realtime servers, on servers that keep the protocol and on those that lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fakes import Scene, SpareDialogue
from realtime_server import RATE, Act, Line, scripted
from replies import outputs_of

from avatar_app.core.engines import HearsWords, PreparedDialogue
from avatar_app.core.errors import AvatarError, ConfigInvalid, EngineFailed
from avatar_app.core.events import Failed, Outcome, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Message, Prompt, Role, ToolDescription
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk, SpeechChunk, ToolCall
from avatar_app.engines.dialogue.realtime.engine import RealtimeDialogue
from avatar_app.engines.dialogue.realtime.opening import LARGEST, url_of
from avatar_app.pipeline import commands
from avatar_app.pipeline.builtin_engines import GOES_ON
from avatar_app.pipeline.output.spoken_words import as_wave

pytestmark = pytest.mark.usefixtures("loopback")
WORDS = "It is a fine day and the sun is out."
SYSTEM = Message(Role.SYSTEM, "You are Mira.")
CLOCK = ToolDescription("get_time", "The time.", {"type": "object", "properties": {}})


def answer(line: Line) -> None:
    """Speak for two seconds."""
    line.begin()
    line.write(WORDS[:11])
    for _ in range(4):
        line.speak()
    line.write(WORDS[11:])
    line.written()
    line.done()


@contextmanager
def engine(address: str, **options: Any) -> Iterator[RealtimeDialogue]:
    made = RealtimeDialogue(address=address, **({"patience": 20.0} | options))
    try:
        yield made
    finally:
        made.close()


def user(text: str = "hello", *, spoken: bool = True) -> Message:
    tone = (0.3 * np.sin(np.arange(24_000) / 16_000 * 2 * np.pi * 300)).astype(np.float32)
    return Message(Role.USER, text, spoken=as_wave([AudioChunk(tone, 16_000)]) if spoken else None)


def said(*messages: Message, tools: tuple[ToolDescription, ...] = ()) -> Prompt:
    return Prompt((SYSTEM, *messages), tools)


def test_the_sound_of_the_turn_is_sent_and_speech_comes_back() -> None:
    with scripted(answer) as server, engine(server.address, voice="marin", model="m 1") as dialogue:
        speech = outputs_of(dialogue, said(user()))
        line = server.line
        assert line.socket.request.path == "/v1/realtime?model=m%201"
    session = line.of("session.update")[0]["session"]
    assert session["instructions"] == "You are Mira."
    assert session["audio"]["input"]["turn_detection"] is None
    assert session["audio"]["output"]["voice"] == "marin"
    assert len(line.sound) == pytest.approx(1.5 * RATE * 2, abs=100)
    kinds = [event["type"] for event in line.received]
    assert kinds[-2:] == ["input_audio_buffer.commit", "response.create"]
    assert all(isinstance(chunk, SpeechChunk) for chunk in speech)
    assert sum(len(chunk.audio.samples) for chunk in speech) == 2 * RATE
    assert " ".join(chunk.text for chunk in speech if chunk.text) == WORDS
    words = [word for chunk in speech for word in chunk.words]
    assert [word.text for word in words] == WORDS.split()
    assert speech[0].text, "the first words are placed at once"


def test_typed_words_are_sent_as_text() -> None:
    with scripted(answer) as server, engine(server.address) as dialogue:
        outputs_of(dialogue, said(user("good morning", spoken=False)))
        (created,) = server.line.of("conversation.item.create")
    assert created["item"]["content"] == [{"type": "input_text", "text": "good morning"}]
    assert server.line.sound == b""


def call_first(line: Line) -> None:
    line.begin()
    line.call("get_time", '{"zone": "UTC"}')
    line.done()


def test_a_function_is_called_and_its_result_returned() -> None:
    with scripted(call_first, answer) as server, engine(server.address) as dialogue:
        outputs = outputs_of(dialogue, said(user(), tools=(CLOCK,)), "noon")
        line = server.line
    assert outputs[0] == ToolCall("get_time", {"zone": "UTC"})
    assert " ".join(each.text for each in outputs[1:] if each.text) == WORDS
    assert line.of("session.update")[0]["session"]["tools"][0]["name"] == "get_time"
    (returned,) = line.of("conversation.item.create")
    wanted = {"type": "function_call_output", "call_id": "call_1", "output": '"noon"'}
    assert returned["item"] == wanted


def interrupted(dialogue: RealtimeDialogue, first: Message) -> None:
    """Hear the beginning of an answer."""
    turn = Turn(1)
    reply = dialogue.reply(said(first), turn)
    assert isinstance(next(reply), SpeechChunk)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(reply)


def speak_on(line: Line) -> None:
    line.begin()
    line.write(WORDS)
    line.speak()
    line.speak()
    line.speak()


@pytest.mark.parametrize("prepares", [True, False])
def test_what_was_not_heard_is_truncated_at_the_heard_sample(*, prepares: bool) -> None:
    first = user()
    heard = Message(Role.AVATAR, "It is", interrupted=True, heard_seconds=0.4321)
    with scripted(speak_on, answer) as server, engine(server.address) as dialogue:
        interrupted(dialogue, first)
        if prepares:
            list(dialogue.prepare(said(first, heard), Turn(2)))
        outputs_of(dialogue, said(first, heard, user("and now")))
        (line,) = server.lines
    kinds = [event["type"] for event in line.received]
    assert kinds.index("response.cancel") < kinds.index("conversation.item.truncate")
    (told,) = line.of("conversation.item.truncate")
    assert (told["item_id"], told["content_index"]) == ("item_1", 0)
    assert told["audio_end_ms"] == 432
    last_request = len(kinds) - kinds[::-1].index("input_audio_buffer.commit")
    assert kinds.index("conversation.item.truncate") < last_request


def test_an_answer_that_was_heard_whole_is_not_truncated() -> None:
    first, heard = user(), Message(Role.AVATAR, WORDS, heard_seconds=2.0)
    with scripted(answer) as server, engine(server.address) as dialogue:
        outputs_of(dialogue, said(first))
        outputs_of(dialogue, said(first, heard, user("and now")))
        (line,) = server.lines
    assert line.of("conversation.item.truncate") == []
    assert len(line.of("session.update")) == 1


def test_another_history_is_told_to_a_new_session() -> None:
    earlier = Message(Role.USER, "my name is Ada"), Message(Role.AVATAR, "Hello Ada.")
    with scripted(answer) as server, engine(server.address) as dialogue:
        outputs_of(dialogue, said(user()))
        outputs_of(dialogue, said(*earlier, user("and now")))
        assert len(server.lines) == 2
        instructions = server.line.of("session.update")[0]["session"]["instructions"]
    assert "User: my name is Ada\nYou: Hello Ada." in instructions


def test_a_server_that_closed_meanwhile_is_called_again() -> None:
    first, heard = user(), Message(Role.AVATAR, WORDS, heard_seconds=2.0)
    with scripted(answer) as server, engine(server.address) as dialogue:
        outputs_of(dialogue, said(first))
        server.line.socket.close()
        speech = outputs_of(dialogue, said(first, heard, user("and now")))
        assert len(server.lines) == 2
    assert " ".join(each.text for each in speech if each.text) == WORDS


def closing(line: Line) -> None:
    line.socket.close()


def closing_in_mid_turn(line: Line) -> None:
    line.begin()
    line.write("It is")
    line.socket.close()


def garbage(line: Line) -> None:
    line.socket.send("}{ this is no JSON")


def a_list(line: Line) -> None:
    line.socket.send("[1, 2]")


def binary(line: Line) -> None:
    line.socket.send(b"\xff\xfe\x00")


def silence(_line: Line) -> None:
    """Say nothing."""


def huge(line: Line) -> None:
    line.begin()
    line.send("response.output_audio.delta", response_id=line.id, delta="A" * (LARGEST + 1))


def no_sound(line: Line) -> None:
    line.begin()
    line.send("response.output_audio.delta", response_id=line.id, delta="§§§")


def half_a_sample(line: Line) -> None:
    line.begin()
    line.send("response.output_audio.delta", response_id=line.id, delta="AAAA")


def refusing(line: Line) -> None:
    asked = line.received[-1]["event_id"]
    line.send("error", error={"message": "No credit is left.", "event_id": asked})


def failing(line: Line) -> None:
    line.begin()
    details = {"error": {"message": "The model fell over."}}
    response = {"id": line.id, "status": "failed", "status_details": details}
    line.send("response.done", response=response)


def broken_call(line: Line) -> None:
    line.begin()
    line.call("get_time", "not JSON")


def another_response(line: Line) -> None:
    line.begin()
    line.send("response.output_audio.delta", response_id="resp_of_others", delta="AAA=")


LIARS = [
    closing, closing_in_mid_turn, garbage, a_list, binary, silence, huge, no_sound, half_a_sample,
    refusing, failing, broken_call, another_response,
]  # fmt: skip


@pytest.mark.parametrize("lie", LIARS, ids=lambda lie: lie.__name__)
def test_a_lying_server_is_a_sentence_and_the_next_turn_works(lie: Act) -> None:
    with scripted(lie, answer) as server, engine(server.address, patience=1.0) as dialogue:
        spoken: list[Any] = []
        with pytest.raises(EngineFailed) as failure:
            spoken += dialogue.reply(said(user()), Turn(1))
        assert spoken == []
        assert failure.value.message.endswith(".")
        assert failure.value.hint
        dialogue.configure(patience=20.0)
        speech = outputs_of(dialogue, said(user("again")))
    assert " ".join(each.text for each in speech if each.text) == WORDS


def lost_after_the_words(line: Line) -> None:
    line.begin()
    line.write(WORDS)
    line.written()
    line.speak()
    line.speak(0.2)
    line.socket.close()


def test_a_local_voice_ends_what_was_written_when_the_server_is_lost() -> None:
    with scripted(lost_after_the_words) as server, engine(server.address) as dialogue:
        outputs = outputs_of(dialogue, said(user()))
    texts = [each if isinstance(each, str) else each.text for each in outputs]
    assert " ".join(filter(None, texts)) == WORDS


def test_an_answer_without_sound_is_left_to_a_local_voice() -> None:
    def only_text(line: Line) -> None:
        line.begin()
        line.send("response.output_text.delta", response_id=line.id, delta=WORDS)
        line.done()

    with scripted(only_text) as server, engine(server.address) as dialogue:
        assert outputs_of(dialogue, said(user())) == [WORDS]


def test_nothing_is_sent_without_an_address() -> None:
    with engine("") as dialogue, pytest.raises(ConfigInvalid, match="no address"):
        list(dialogue.reply(said(user()), Turn(1)))


def test_a_server_that_is_not_there_is_a_sentence() -> None:
    with scripted(answer) as server:
        address = server.address
    with engine(address) as dialogue, pytest.raises(AvatarError, match="cannot be reached"):
        list(dialogue.reply(said(user()), Turn(1)))


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://example.com/v1", "wss://example.com/v1/realtime?model=m"),
        ("http://127.0.0.1:8765/v1/", "ws://127.0.0.1:8765/v1/realtime?model=m"),
        ("wss://example.com/v1/realtime?a=b", "wss://example.com/v1/realtime?a=b&model=m"),
    ],
)
def test_the_address_of_the_socket(address: str, url: str) -> None:
    assert url_of(address, "m") == url


@pytest.mark.parametrize("address", ["ftp://x", "example.com", "http://", "http://[::1"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ConfigInvalid):
        url_of(address, "")


def test_it_hears_and_is_prepared() -> None:
    with engine("") as dialogue:
        assert isinstance(dialogue, HearsWords)
        assert isinstance(dialogue, PreparedDialogue)
        assert list(dialogue.prepare(replace(said()), Turn(1))) == [""]


# In a conversation


def the_turn(dialogue: RealtimeDialogue, spare: SpareDialogue) -> tuple[TurnEnded, list[Failed]]:
    """Say something to an avatar that thinks and speaks by a server."""
    with Scene(builtin=spare) as scene:
        scene.send(commands.SwitchEngine(Kind.DIALOGUE, dialogue))
        scene.recognizer.script = ["good morning"]
        scene.say("-")
        scene.wait_until(lambda: bool(scene.of(TurnEnded)))
        (turn,) = scene.of(TurnEnded)
        return turn, scene.of(Failed)


def test_its_speech_is_played_and_its_words_are_kept() -> None:
    with scripted(answer) as server, engine(server.address) as dialogue:
        turn, failures = the_turn(dialogue, SpareDialogue())
    assert failures == []
    assert turn.outcome is Outcome.FINISHED
    assert turn.user_text == "good morning", "by the recognizer beside it"
    assert turn.heard_text == turn.avatar_text == WORDS
    assert turn.heard_seconds == pytest.approx(2.0, abs=0.02)
    assert turn.pictures.shown > 10


@pytest.mark.parametrize("lie", LIARS, ids=lambda lie: lie.__name__)
def test_local_engines_finish_the_turn_of_a_lying_server(lie: Act) -> None:
    with scripted(lie) as server, engine(server.address, patience=1.0) as dialogue:
        turn, failures = the_turn(dialogue, SpareDialogue())
    assert turn.outcome is Outcome.FINISHED
    assert turn.heard_text == "You said good morning. Fine."
    assert [(each.stage, each.hint) for each in failures] == [("think", GOES_ON["think"])]


def test_a_local_voice_finishes_a_turn_whose_server_is_lost() -> None:
    with scripted(lost_after_the_words) as server, engine(server.address) as dialogue:
        turn, failures = the_turn(dialogue, SpareDialogue())
    assert failures == []
    assert (turn.outcome, turn.heard_text) == (Outcome.FINISHED, WORDS)
