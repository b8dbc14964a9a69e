"""The official client against llama.cpp's own server, in a process of its own on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from avatar_app.bench.scripted.llama import write_llama
from avatar_app.bench.scripted.server import STOPPED, LlamaServer, serving
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.engines.dialogue.openai.engine import OpenAIDialogue
from avatar_app.models.servers import look

ANSWER = " ".join(f"word{number}" for number in range(220))
PROMPT = Prompt((Message(Role.SYSTEM, "You are Mira."), Message(Role.USER, "Hi!")))
pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    path = write_llama(tmp_path_factory.mktemp("gguf") / "small.gguf", ANSWER)
    with serving(path, context=2048) as made:
        yield made


def test_local_server_is_found_by_its_port(server):
    (found,) = look(((server.port, "llama-server"),))
    assert found.address == server.address
    assert found.models == ("small",)


def test_answer_is_streamed(server):
    dialogue = OpenAIDialogue(address=server.address)
    pieces = list(dialogue.reply(PROMPT, Turn(1)))
    assert "".join(pieces) == ANSWER
    assert len(pieces) > 100


def test_server_stops_a_cancelled_turn_and_answers_the_next(server):
    dialogue = OpenAIDialogue(address=server.address, model="small")
    turn = Turn(2)
    reply = dialogue.reply(PROMPT, turn)
    said = next(reply)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(reply)
    server.wait_for(STOPPED)
    assert ANSWER.startswith(said)
    assert "".join(dialogue.reply(PROMPT, Turn(3))) == ANSWER
