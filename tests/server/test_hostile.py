"""Clients that mean harm are refused with a sentence while another's conversation goes on."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from realtime import RATE, Talk, talking
from served import PATIENCE, UNLIMITED, http_of, serving
from served_engines import LIGHT, add_light_engines

from avatar_app.server.running import AvatarServer

pytestmark = [
    pytest.mark.usefixtures("loopback", "user_engines_forgotten"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),  # by openai
]
SPEECH = b"POST /v1/audio/speech HTTP/1.1\r\nHost: 127.0.0.1\r\n"
WORDS = 24
"""Of the answer that goes on meanwhile; each lasts 0.2 s."""


@pytest.fixture(autouse=True)
def light_engines(user_files_in_temporary_folder: None) -> None:
    add_light_engines()


@contextmanager
def undisturbed(server: AvatarServer) -> Iterator[Talk]:
    """A conversation whose answer is spoken meanwhile, and must arrive whole."""
    with talking(server) as talk:
        talk.say("count 2")
        talk.until("response.output_audio.delta")
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(talk.answer)
            yield talk
            response = answer.result()
        assert response.status == "completed"
        assert len(talk.sound) / 2 / RATE == pytest.approx(WORDS * 0.2)


@contextmanager
def plain(server: AvatarServer, send: bytes = b"") -> Iterator[socket.socket]:
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as made:
        made.sendall(send)
        yield made


def everything(made: socket.socket) -> bytes:
    """Receive until the server closes."""
    received = b""
    with suppress(ConnectionResetError):
        while piece := made.recv(4096):
            received += piece
    return received


def sentence_in(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["message"])


def test_a_thousand_connections_that_stay_open_leave_a_conversation_alone() -> None:
    """Those that ask for nothing are closed, and more than one address may have are refused."""
    limits = replace(UNLIMITED, connections=100, header_seconds=3.0)
    with serving(LIGHT, limits=limits) as server, undisturbed(server), ExitStack() as opened:
        made = [opened.enter_context(plain(server)) for _ in range(1000)]
        assert "Too many connections" in sentence_in(everything(made[-1]))
        assert "Too many connections" in sentence_in(everything(made[500]))
        made[0].sendall(b"GET /health HTTP/1.1\r\nHost: 127.0")  # slowly, for ever
        assert "did not come" in sentence_in(everything(made[0]))
        assert "did not come" in sentence_in(everything(made[1]))
        with http_of(server) as http:
            assert http.get("/health").json()["sessions"] == 1


def garbage(server: AvatarServer) -> None:
    for sent in (
        b"\0\1\2\3\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        SPEECH + b"Content-Length: -5\r\n\r\n",
        SPEECH + b"Transfer-Encoding: chunked\r\n\r\nZ\r\n",
    ):
        with plain(server, sent) as made:
            made.shutdown(socket.SHUT_WR)
            answer = everything(made)
        assert answer.split()[1] in (b"400", b"421"), (sent[:40], answer)


def odd_tokens(server: AvatarServer) -> None:
    """On this machine tokens are not looked at; what no token can be must not confuse."""
    with http_of(server) as http:
        for token in ("Bearer \x7f", "Bearer " + "a" * 5000, "Bearer", "\tBasic ==="):
            headers = {"Authorization": token.strip()}
            assert http.get("/v1/models", headers=headers).status_code == 200


def wrong_paths(server: AvatarServer) -> None:
    with http_of(server) as http:
        for path in (
            "//etc/passwd", "/v1/..%2f..%2f..%2fetc%2fpasswd", "/v1/%2e%2e/%2e%2e/etc/passwd",
            "/v1/models/..%5c..%5cwin.ini", "/%00", "/v1/models/%F0%28%8C",
            "/assets/../config.yaml", f"/{'a' * 50_000}", f"/v1/models/{'a' * 50_000}",
        ):  # fmt: skip
            answer = http.get(path)
            assert answer.status_code == 404, path
            assert answer.json()["error"]["message"]
            assert len(answer.text) < 1000
        assert http.request("BREW", "/health").status_code == 405


def other_names(server: AvatarServer) -> None:
    with http_of(server) as http:
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::1"):
            answer = http.get("/v1/models", headers={"Host": host})
            assert answer.status_code == 421, host
            assert "not called" in answer.json()["error"]["message"]


def deep_and_broken_bodies(server: AvatarServer) -> None:
    with http_of(server) as http:
        for body in (
            b"",
            b"{",
            b"[" * 50_000,
            b"\xff\xfe",
            b'{"input": 5}',
            b"null",
            b'{"input":NaN}',
        ):
            headers = {"Content-Type": "application/json"}
            answer = http.post("/v1/audio/speech", content=body, headers=headers)
            assert answer.status_code == 400, body[:20]
            assert answer.json()["error"]["message"]
            assert len(answer.text) < 1000


def test_attacks_leave_a_conversation_alone() -> None:
    with serving(LIGHT) as server, undisturbed(server):
        for attack in (garbage, odd_tokens, wrong_paths, other_names, deep_and_broken_bodies):
            attack(server)


def test_a_body_that_does_not_come_is_waited_for_no_longer() -> None:
    head = b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    with (
        serving(LIGHT, limits=replace(UNLIMITED, body_seconds=0.5)) as server,
        undisturbed(server),
        plain(server, SPEECH + head + b'{"input": "') as made,
    ):
        answer = everything(made)
        assert answer.split()[1] == b"408"
        assert "did not come" in sentence_in(answer)


def test_paths_that_clients_invent_leave_no_trace() -> None:
    with serving(LIGHT, needs_token=True) as server, http_of(server) as http:
        for number in range(20):
            assert http.get(f"/invented/{number}").status_code == 401
            assert http.get(f"/page/{number}").status_code == 404
            refused = http.get(f"/page/../{number}", headers={"Origin": "http://evil.example"})
            assert refused.status_code == 403
        assert http.get("/page/page.js").status_code == 200
        while not server.parts.counters.count_of("/page/page.js", 200):
            time.sleep(0.01)  # it is counted when the answer has gone
        figures = list(server.parts.counters.metrics())
    paths = {each.labels["path"] for each in figures if each.name == "requests_total"}
    assert paths == {"other", "/page/page.js"}


@contextmanager
def stalled(server: AvatarServer, path: str, message: dict[str, Any]) -> Iterator[socket.socket]:
    """A WebSocket client with small buffers that sends one message, and reads nothing."""
    host, port = server.address.removeprefix("http://").split(":")
    body = json.dumps(message).encode()
    frame = bytes((0x81, 0xFE, len(body) >> 8, len(body) & 0xFF)) + bytes(4) + body  # RFC 6455, 5.2
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        made.settimeout(PATIENCE)
        made.connect((host, int(port)))
        made.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert made.recv(4096).startswith(b"HTTP/1.1 101")
        made.sendall(frame)
        yield made


def test_a_stream_that_is_not_read_is_given_up() -> None:
    limits = replace(UNLIMITED, send_seconds=0.5)
    asked = {"type": "speak", "id": "1", "text": "flood " * 4}
    with (
        serving(LIGHT, limits=limits) as server,
        undisturbed(server),
        http_of(server) as http,
        stalled(server, "/v1/audio/speech/stream", asked) as client,
    ):
        while not server.parts.streams:
            http.get("/health")
        while server.parts.streams:
            http.get("/health")
        with suppress(ConnectionResetError):
            while client.recv(1 << 16):
                continue
