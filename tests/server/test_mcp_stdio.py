"""An agent starts `avatar-app serve --mcp` itself: the SDK's own client, over stdin and stdout."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from served import PATIENCE
from served_engines import LIGHT, add_light_engines

from avatar_app.system.paths import app_paths

pytestmark = pytest.mark.usefixtures("loopback", "user_engines_forgotten")
NOISY = '''
import os

class Mirror:
    """Prints where only the protocol may stand: when it loads, and when it answers."""

    def __init__(self):
        os.write(1, b"loaded\\n")

    def configure(self):
        pass

    def reply(self, prompt, turn):
        print("thinking", flush=True)
        yield f"You said {prompt.user_text}."

    def close(self):
        pass
'''


@pytest.fixture
def command(user_files_in_temporary_folder: None) -> list[str]:
    add_light_engines()
    chosen = [word for name, value in LIGHT.items() for word in ("--set", f"{name}={value}")]
    return [sys.executable, "-m", "avatar_app", "serve", "--mcp", *chosen]


async def use_the_tools(command: list[str]) -> None:
    server = StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))
    async with Client(server, read_timeout_seconds=PATIENCE) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == ["avatar.speak", "avatar.ask", "avatar.show"]
        answer = await client.call_tool("avatar.ask", {"question": "hello"})
        assert (answer.content[0].text, answer.is_error) == ("You said hello.", False)
        speech = (await client.call_tool("avatar.speak", {"text": "one two three"})).content[1]
        assert speech.mime_type == "audio/mpeg"
        assert (await client.call_tool("avatar.show", {"text": "x"})).is_error


def test_the_official_client_uses_the_tools(command: list[str]) -> None:
    asyncio.run(use_the_tools(command))


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """The server, which has answered one question of an agent."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=os.environ, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for message in (INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"}):
                process.stdin.write(json.dumps(message).encode() + b"\n")
            process.stdin.flush()
            first = json.loads(process.stdout.readline())
            assert first["result"]["serverInfo"]["name"] == "avatar"
            yield process
        finally:
            process.kill()


INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def test_it_ends_with_its_agent_and_by_sigterm(command: list[str]) -> None:
    with running(command) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    if sys.platform != "win32":
        with running(command) as process:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 128 + signal.SIGTERM


def test_what_engines_print_never_reaches_the_agent(command: list[str]) -> None:
    (app_paths().engines / "dialogue" / "mirror" / "engine.py").write_text(NOISY)
    call = {"name": "avatar.ask", "arguments": {"question": "hello"}}
    with running(command) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        message = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}
        process.stdin.write(json.dumps(message).encode() + b"\n{garbage\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert answer["id"] == 2
        assert answer["result"]["content"][0]["text"] == "You said hello."
