"""The official client against a scripted server on this machine."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from keyrings import MemoryKeyring, keyring_in_use
from model_server import Handler, serving

from avatar_app.core.errors import ConfigInvalid, EngineFailed
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Message, Prompt, Role, ToolDescription
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.engines.dialogue.openai.engine import OpenAIDialogue
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry

CLOCK = ToolDescription("get_time", "The time.", {"type": "object", "properties": {}})
PROMPT = Prompt((Message(Role.SYSTEM, "You are Mira."), Message(Role.USER, "Hi!")))
pytestmark = pytest.mark.usefixtures("loopback")


def hello(handler: Handler, _asked: dict[str, Any]) -> None:
    handler.begin()
    handler.delta(role="assistant", content="<think>Who is it?</think>")
    for piece in ("Hello", " there", "."):
        handler.delta(content=piece)
    handler.end()


def test_answer_is_streamed_without_thoughts():
    with serving(hello) as server:
        dialogue = OpenAIDialogue(address=server.address, model="small", temperature=0.2)
        pieces = [piece for piece in dialogue.reply(PROMPT, Turn(1)) if piece]
    assert pieces == ["Hello ", "there."]
    asked = server.asked[0]
    assert asked["model"] == "small"
    assert asked["temperature"] == 0.2
    assert asked["messages"][0] == {"role": "system", "content": "You are Mira."}
    assert "tools" not in asked


def test_first_model_of_the_server_is_the_default():
    with serving(hello) as server:
        dialogue = OpenAIDialogue(address=server.address)
        list(dialogue.reply(PROMPT, Turn(1)))
    assert server.asked[0] == {"path": "/v1/models"}
    assert server.asked[1]["model"] == "first"


def test_a_tool_call_gets_its_result():
    def answer(handler: Handler, asked: dict[str, Any]) -> None:
        handler.begin()
        if asked["messages"][-1]["role"] == "tool":
            handler.delta(content=f"It is {asked['messages'][-1]['content']}.")
        else:
            first = {"name": "get_time", "arguments": '{"pla'}
            handler.delta(tool_calls=[{"index": 0, "id": "c1", "function": first}])
            second = {"arguments": 'ce": "Rome"}'}
            handler.delta(tool_calls=[{"index": 0, "function": second}])
        handler.end()

    with serving(answer) as server:
        reply = OpenAIDialogue(address=server.address, model="m").reply(
            Prompt(PROMPT.messages, (CLOCK,)), Turn(1)
        )
        called = next(output for output in reply if output)
        assert called == ToolCall("get_time", {"place": "Rome"})
        assert reply.send(ToolResult("nine")) + "".join(reply) == 'It is "nine".'
        assert list(reply) == []
    assert server.asked[0]["tools"][0]["function"]["name"] == "get_time"
    assert server.asked[1]["messages"][-2]["tool_calls"][0]["id"] == "c1"


def test_model_without_function_calling_answers_without_tools():
    def answer(handler: Handler, asked: dict[str, Any]) -> None:
        if "tools" in asked:
            handler.send(400, {"error": {"message": "m does not support tools"}})
        else:
            hello(handler, asked)

    with serving(answer) as server:
        reply = OpenAIDialogue(address=server.address, model="m").reply(
            Prompt(PROMPT.messages, (CLOCK,)), Turn(1)
        )
        assert "".join(reply) == "Hello there."


@pytest.mark.parametrize("begun", [False, True], ids=["while it reads", "while it writes"])
def test_cancelled_turn_closes_the_connection(begun):
    waiting, cut = threading.Event(), threading.Event()

    def answer(handler: Handler, _asked: dict[str, Any]) -> None:
        if begun:
            handler.begin()
            handler.delta(content="Well")
        waiting.set()
        if handler.connection.recv(1) == b"":  # returns when the client has gone
            cut.set()
        handler.close_connection = True

    with serving(answer) as server:
        turn = Turn(1)
        reply = OpenAIDialogue(address=server.address, model="m").reply(PROMPT, turn)
        canceller = threading.Thread(target=lambda: (waiting.wait(60), turn.cancel()))
        canceller.start()
        with pytest.raises(TurnCancelled):
            list(reply)
        canceller.join()
        assert cut.wait(60)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, ConfigInvalid, "does not accept the key"),
        (404, ConfigInvalid, "does not know the model"),
        (400, EngineFailed, "refused: .*too long"),
    ],
)
def test_a_refusal_by_the_server_is_reported(status, kind, said):
    def answer(handler: Handler, _asked: dict[str, Any]) -> None:
        handler.send(status, {"error": {"message": "the prompt is too long"}})

    with serving(answer) as server, pytest.raises(kind, match=said) as raised:
        list(OpenAIDialogue(address=server.address, model="m").reply(PROMPT, Turn(1)))
    assert raised.value.hint
    assert len(server.asked) == 1, "what cannot pass is not tried again"


def test_transient_errors_are_retried():
    def answer(handler: Handler, asked: dict[str, Any]) -> None:
        if len(server.asked) < 2:
            handler.send(503, {"error": {"message": "loading"}})
        else:
            hello(handler, asked)

    with serving(answer) as server:
        reply = OpenAIDialogue(address=server.address, model="m").reply(PROMPT, Turn(1))
        assert "".join(reply) == "Hello there."


def test_truncated_answer_is_reported():
    def answer(handler: Handler, _asked: dict[str, Any]) -> None:
        handler.begin()
        handler.delta(content="I was")
        handler.wfile.write(b'data: {"error": {"message": "the card is gone"}}\n\n')

    with serving(answer) as server, pytest.raises(EngineFailed, match="the card is gone"):
        list(OpenAIDialogue(address=server.address, model="m").reply(PROMPT, Turn(1)))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"data: [DONE]\n\n", "gave no answer"),
        (b'data: {"choices": []}\n\ndata: {"foo": 1}\n\n', "gave no answer"),
        (b"data: {not json}\n\n", "is not that of a language model"),
        (b"\x00\xff<html>\n\n", "is not that of a language model"),
        (b'data: {"choices": [{}]}\n\n', "gave no answer"),
        (b'data: {"choices": [{"delta": {"content": "I am "}}]}\n\n', "broke off in mid-sentence"),
    ],
)
def test_an_invalid_answer_is_reported(body, said):
    def answer(handler: Handler, _asked: dict[str, Any]) -> None:
        handler.begin()
        handler.wfile.write(body)
        handler.close_connection = True

    with serving(answer) as server, pytest.raises(EngineFailed, match=said) as raised:
        list(OpenAIDialogue(address=server.address, model="m").reply(PROMPT, Turn(1)))
    assert raised.value.hint


def test_unreachable_server_is_reported(monkeypatch):
    with serving(hello) as server:
        address = server.address
    monkeypatch.setattr("avatar_app.engines.dialogue.openai.transport.RETRIES", 0)
    with pytest.raises(EngineFailed, match="cannot be reached"):
        list(OpenAIDialogue(address=address, model="m").reply(PROMPT, Turn(1)))
    with pytest.raises((EngineFailed, ConfigInvalid)):
        list(OpenAIDialogue(address="nonsense", model="m").reply(PROMPT, Turn(1)))


def test_key_from_the_keyring_is_sent_to_its_server_only():
    ring = MemoryKeyring()
    with keyring_in_use(ring), serving(hello) as server, serving(hello) as other:
        ring.set_password("avatar_app", server.address, "secret")
        for each in (server, other):
            list(OpenAIDialogue(address=each.address, model="m").reply(PROMPT, Turn(1)))
    assert server.asked[0]["key"] == "Bearer secret"
    assert "secret" not in other.asked[0]["key"]


def test_openai_works_in_a_process_of_its_own():
    with serving(hello) as server:
        manifest = Registry().find(Kind.DIALOGUE, "openai")
        engine = create_engine(Registry(), manifest, {"address": server.address, "model": "m"})
        try:
            assert "".join(engine.reply(PROMPT, Turn(1))) == "Hello there."
        finally:
            engine.close()
