"""A language model server on this machine that keeps people waiting; and proxies before it."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SAID = "Hello there."


class ChatHandler(BaseHTTPRequestHandler):
    """Answers with SAID, or what `server.answer` says, after what `server.before` does: a status to
    send instead, or None."""

    protocol_version = "HTTP/1.1"
    server: ChatServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(json.loads(body))
        self.server.paths.append(self.path)
        refusal = self.server.before(len(self.server.paths))
        self.close_connection = True
        try:
            if refusal is None:
                self._say(self.server.answer(self.server.bodies[-1]))
            else:
                self._refuse(*refusal)
        except OSError:
            return  # the client has gone

    def log_message(self, *_arguments: Any) -> None:
        """Quiet."""

    def _refuse(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        said = {"index": 0, "delta": {"content": text}, "finish_reason": "stop"}
        self.wfile.write(f"data: {json.dumps(chunk | {'choices': [said]})}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")


Refusal = tuple[int, bytes] | None


class ChatServer(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, before: Callable[[int], Refusal]) -> None:
        super().__init__(("127.0.0.1", 0), ChatHandler)
        self.before = before
        self.answer: Callable[[dict[str, Any]], str] = lambda _body: SAID
        """Returns what is said to a request."""
        self.paths: list[str] = []
        self.bodies: list[dict[str, Any]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Socks5(socketserver.StreamRequestHandler):
    """Leads to `server.target`, whatever is asked for (RFC 1928, without authentication)."""

    server: SocksServer

    def handle(self) -> None:
        self.rfile.read(self.rfile.read(2)[1])
        self.wfile.write(b"\x05\x00")
        kind = self.rfile.read(4)[3]
        length = self.rfile.read(1)[0] if kind == 3 else {1: 4, 4: 16}[kind]
        self.server.asked.append(self.rfile.read(length).decode("latin-1"))
        self.rfile.read(2)
        with socket.create_connection(("127.0.0.1", self.server.target)) as far:
            self.wfile.write(b"\x05\x00\x00\x01" + bytes(4) + struct.pack(">H", 0))
            back = threading.Thread(target=_copy, args=(far, self.connection))
            back.start()
            _copy(self.connection, far)
            back.join()


class SocksServer(socketserver.ThreadingTCPServer):
    daemon_threads = False

    def __init__(self, target: int) -> None:
        super().__init__(("127.0.0.1", 0), _Socks5)
        self.target, self.asked = target, []
        self.asked: list[str] = []


def _copy(near: socket.socket, far: socket.socket) -> None:
    while piece := near.recv(4096):
        far.sendall(piece)
    far.shutdown(socket.SHUT_WR)


@contextmanager
def running(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def willing(_count: int) -> Refusal:
    return None


def late(seconds: float) -> Callable[[int], Refusal]:
    """Nothing for so long, as a server that loads its model."""

    def before(_count: int) -> Refusal:
        time.sleep(seconds)
        return None

    return before
