"""The official client against llama.cpp's own server, in a process of its own on this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from avatar_app.app.bench.scripted.llama import write_llama
from avatar_app.app.servers import look
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.engines.dialogue.openai.engine import OpenAIDialogue

ANSWER = " ".join(f"word{number}" for number in range(220))
PROMPT = Prompt((Message(Role.SYSTEM, "You are Mira."), Message(Role.USER, "Hi!")))
SOON = 40.0
pytestmark = pytest.mark.usefixtures("loopback")


@dataclass
class LlamaServer:
    """The process, and what it writes."""

    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()

    def wait_for(self, text: str) -> None:
        with self.changed:
            told = self.changed.wait_for(lambda: any(text in line for line in self.lines), SOON)
        assert told, self.lines[-12:]


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    path = write_llama(tmp_path_factory.mktemp("gguf") / "small.gguf", ANSWER)
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--model", str(path)]
    options += ["--model_alias", "small", "--n_ctx", "2048", "--n_threads", "1"]
    process = subprocess.Popen(
        [sys.executable, "-u", "-W", "ignore", "-m", "llama_cpp.server", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    made = LlamaServer(port, process)
    reader = threading.Thread(target=made.read)
    reader.start()
    try:
        made.wait_for("Uvicorn running")
        yield made
    finally:
        process.kill()
        process.wait()
        reader.join()
        assert process.stdout is not None
        process.stdout.close()


def test_it_is_found_by_its_port(server):
    (found,) = look(((server.port, "llama-server"),))
    assert found.address == server.address
    assert found.models == ("small",)


def test_the_answer_comes_while_it_is_written(server):
    dialogue = OpenAIDialogue(address=server.address)
    pieces = list(dialogue.reply(PROMPT, Turn(1)))
    assert "".join(pieces) == ANSWER
    assert len(pieces) > 100


def test_a_cancelled_turn_is_given_up_by_the_server_and_the_next_is_answered(server):
    dialogue = OpenAIDialogue(address=server.address, model="small")
    turn = Turn(2)
    reply = dialogue.reply(PROMPT, turn)
    said = next(reply)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(reply)
    server.wait_for("Disconnected from client")
    assert ANSWER.startswith(said)
    assert "".join(dialogue.reply(PROMPT, Turn(3))) == ANSWER
