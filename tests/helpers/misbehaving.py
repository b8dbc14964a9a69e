"""A web server on loopback that serves files well, unless it is told what to do wrong."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Misbehavior = Callable[["Handler", bytes], None]


@dataclass
class Asked:
    """One request, as the server saw it."""

    path: str
    range: str
    if_range: str
    authorization: str = ""
    sent: int = 0
    """Bytes of the body."""


@dataclass
class Site:
    """What is served, and what was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    """Content-Type by path; none is told for others."""
    script: list[Misbehavior] = field(default_factory=list)
    """One for each request, the first ones first; later requests are served well."""
    asked: list[Asked] = field(default_factory=list)
    tag: str = '"one"'
    may_go_on: threading.Event = field(default_factory=threading.Event)
    """A dripping body waits for it."""
    drips: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Counts the bodies that wait."""
    port: int = 0

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    @property
    def sent(self) -> int:
        return sum(each.sent for each in self.asked)


class Server(ThreadingHTTPServer):
    """Looks no name up, and waits for its threads."""

    daemon_threads = False
    site: Site

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is none."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        site = self.server.site
        self.close_connection = True
        headers = self.headers
        self.received = Asked(
            self.path,
            headers.get("Range", ""),
            headers.get("If-Range", ""),
            headers.get("Authorization", ""),
        )
        site.asked.append(self.received)
        body = site.files.get(self.path.lstrip("/").split("?")[0], b"")
        if site.script:
            site.script.pop(0)(self, body)
        elif body:
            serve(self, body)
        else:
            answer(self, 404)

    def give(self, piece: bytes) -> None:
        self.wfile.write(piece)
        self.received.sent += len(piece)

    def log_message(self, format: str, *args: Any) -> None:
        """The tests look at `Site.asked`."""


def serve(handler: Handler, body: bytes, stop_at: int | None = None, lie: int = 0) -> None:
    """Well; or only `stop_at` bytes of the body, or with a Content-Length that lies."""
    site, start, end = handler.server.site, 0, len(body)
    ranged = handler.received.range.removeprefix("bytes=")
    if ranged and handler.received.if_range in ("", site.tag):
        first, last = ranged.split("-")
        start, end = int(first), min(end, int(last) + 1) if last else end
        if start >= len(body):
            return answer(handler, 416, ("Content-Range", f"bytes */{len(body)}"))
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(body)}")
    else:
        handler.send_response(200)
    handler.send_header("Content-Length", str(end - start + lie))
    if site.tag:
        handler.send_header("ETag", site.tag)
    if kind := site.types.get(handler.path.lstrip("/")):
        handler.send_header("Content-Type", kind)
    handler.end_headers()
    handler.give(body[start:end][:stop_at])
    return None


def answer(handler: Handler, status: int, *headers: tuple[str, str]) -> None:
    handler.send_response(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def cut(after: int) -> Misbehavior:
    """The connection ends in mid-body."""
    return lambda handler, body: serve(handler, body, stop_at=after)


def reset(after: int) -> Misbehavior:
    """The connection is torn down in mid-body."""

    def behave(handler: Handler, body: bytes) -> None:
        serve(handler, body, stop_at=after)
        handler.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()

    return behave


def lie_about_length(by: int) -> Misbehavior:
    return lambda handler, body: serve(handler, body, lie=by)


def status(code: int) -> Misbehavior:
    return lambda handler, body: answer(handler, code)


def redirect(to: str) -> Misbehavior:
    return lambda handler, body: answer(handler, 302, ("Location", to))


def instead(other: bytes) -> Misbehavior:
    """Other bytes than the file's."""
    return lambda handler, body: serve(handler, other)


def ignore_range(handler: Handler, body: bytes) -> None:
    handler.received.range, asked = "", handler.received.range
    serve(handler, body)
    handler.received.range = asked


def chunked(handler: Handler, body: bytes) -> None:
    """No Content-Length: the size is known only at the end."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for start in range(0, len(body), 50_000):
        piece = body[start : start + 50_000]
        handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")


def drip(after: int) -> Misbehavior:
    """So many bytes of the body, and then none until `Site.may_go_on`."""

    def behave(handler: Handler, body: bytes) -> None:
        serve(handler, body, stop_at=after)
        handler.wfile.flush()
        site = handler.server.site
        site.drips.release()
        site.may_go_on.wait(30)

    return behave


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """The site on a port of its own while the block runs."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.site, site.port = site, server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield site
        finally:
            site.may_go_on.set()
            server.shutdown()
            thread.join()
