"""Servers are looked for on this machine alone; keys go into the keyring or nowhere."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from keyring.backends.fail import Keyring as NoKeyring
from keyrings import MemoryKeyring, keyring_in_use

from avatar_app.cli import main as cli
from avatar_app.core.errors import ConfigInvalid, DeviceUnavailable
from avatar_app.engines.dialogue.servers.keys import key_for
from avatar_app.models.servers import look, remove_key, store_key

ADDRESS = "https://models.example/v1"


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[int]:
    """The port of a server that answers every GET so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def saying(status: int, body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


LISTED = json.dumps({"object": "list", "data": [{"id": "qwen3:4b"}, {"id": "llama3.2:1b"}, 3]})


@pytest.mark.usefixtures("loopback")
def test_servers_that_answer_are_listed_with_their_models():
    with (
        serving(saying(200, LISTED.encode())) as good,
        serving(saying(401, b"")) as locked,
        serving(saying(404, b"<html>")) as site,
        serving(saying(200, b"<html>")) as page,
        serving(saying(200, b'{"data": {}}')) as strange,
    ):
        ports = {good: "Ollama", locked: "vLLM", site: "a", page: "b", strange: "c"}
        found = {each.address: each for each in look(tuple(ports.items()))}
    assert set(found) == {f"http://127.0.0.1:{port}/v1" for port in (good, locked)}
    server = found[f"http://127.0.0.1:{good}/v1"]
    assert server.models == ("qwen3:4b", "llama3.2:1b")
    assert server.program == "Ollama"
    assert "dialogue.options.model=qwen3:4b" in server.settings
    assert found[f"http://127.0.0.1:{locked}/v1"].needs_key


@pytest.mark.usefixtures("loopback")
def test_endless_server_does_not_block_the_scan(monkeypatch):
    monkeypatch.setattr("avatar_app.models.servers.PATIENCE", 0.3)
    gone = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not gone.wait(0.01):
                handler.wfile.write(b" ")
        except OSError:
            gone.set()

    with (
        serving(answer) as slow,
        serving(saying(200, LISTED.encode())) as good,
    ):
        found = look(((slow, "slow"), (good, "good")))
        assert [each.program for each in found] == ["good"]
        assert gone.wait(60), "it was not hung up on"


@pytest.mark.usefixtures("loopback")
def test_the_command_line_lists_them(monkeypatch, capsys):
    with serving(saying(200, LISTED.encode())) as port:
        monkeypatch.setattr("avatar_app.models.servers.look.__defaults__", (((port, "Ollama"),),))
        for line in (["scan"], ["scan", "--json"]):
            monkeypatch.setattr("sys.argv", ["avatar-app", "servers", *line])
            assert cli.run_command_line() == 0
    notices, listed = capsys.readouterr().out.rsplit("\n[", 1)
    assert "qwen3:4b, llama3.2:1b" in notices
    assert f"--set dialogue.options.address=http://127.0.0.1:{port}/v1" in notices
    assert json.loads(f"[{listed}")[0]["models"] == ["qwen3:4b", "llama3.2:1b"]


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    made = MemoryKeyring()
    with keyring_in_use(made):
        yield made


def test_a_key_is_stored_used_and_removed(ring, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-secret\n"))
    monkeypatch.setattr("sys.argv", ["avatar-app", "servers", "key", f"{ADDRESS}/"])
    assert cli.run_command_line() == 0
    assert ring.passwords == {("avatar_app", ADDRESS): "sk-secret"}
    assert key_for(ADDRESS) == key_for(f"{ADDRESS}/") == "sk-secret"
    monkeypatch.setattr("sys.argv", ["avatar-app", "servers", "key", ADDRESS, "--remove"])
    assert cli.run_command_line() == 0
    assert ring.passwords == {}
    assert not remove_key(ADDRESS)
    printed = capsys.readouterr()
    assert "sk-secret" not in printed.out + printed.err


def test_key_sent_unencrypted_triggers_a_warning(ring, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-secret\n"))
    monkeypatch.setattr("sys.argv", ["avatar-app", "servers", "key", "http://10.0.0.7:8000/v1"])
    assert cli.run_command_line() == 0
    assert "https" in capsys.readouterr().err


@pytest.mark.parametrize(
    "address", ["nonsense", "ftp://a/b", "http://", "http://u:p@a/v1", "http://[a"]
)
def test_an_invalid_address_gets_no_key(ring, address):
    with pytest.raises(ConfigInvalid, match="not a server address"):
        store_key(address, "sk-secret")
    assert ring.passwords == {}


@pytest.mark.parametrize("key", ["", "  ", "two\nlines", "schlüssel", "\x1b[200~sk"])
def test_an_invalid_key_is_not_stored(ring, key):
    with pytest.raises(ConfigInvalid, match="not a valid key"):
        store_key(ADDRESS, key)


class PlaintextKeyring(MemoryKeyring):
    """As that of the package keyrings.alt."""


PlaintextKeyring.__module__ = "keyrings.alt.file"


@pytest.mark.parametrize("backend", [NoKeyring, PlaintextKeyring])
def test_key_is_not_stored_without_a_safe_keyring(ring, backend):
    with keyring_in_use(backend()), pytest.raises(DeviceUnavailable, match="no keyring"):
        store_key(ADDRESS, "sk-secret")
