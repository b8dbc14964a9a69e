"""Abortable HTTP requests to llama.cpp's server inside this process."""

from __future__ import annotations

import http.client
import json
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

EVENT = b"data: "
END = b"[DONE]"


class Endpoint:
    """The server's address: a socket that no other user can open. Python for Windows has no such
    sockets; there it is a local port with a secret key."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="avatar-"))
        self.key = secrets.token_hex()
        self.has_file = hasattr(socket, "AF_UNIX")
        self.host = str(self.folder / "llama.sock") if self.has_file else "127.0.0.1"
        self.port = 0

    def connected(self) -> socket.socket:
        if not self.has_file:
            return socket.create_connection((self.host, self.port))
        made = socket.socket(socket.AF_UNIX)
        made.connect(self.host)
        return made

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Refused(Exception):
    """The server's error message."""


class Request:
    """One request; `cut` aborts it from another thread, and the server then stops computing."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._key = endpoint.key
        self._socket = endpoint.connected()
        self._http = http.client.HTTPConnection("localhost")
        self._http.sock = self._socket
        self._cut = threading.Event()

    def cut(self) -> None:
        self._cut.set()
        with suppress(OSError):  # the other side may be closed
            self._socket.shutdown(socket.SHUT_RDWR)

    def get(self, path: str) -> Any:
        with self._asked("GET", path, None) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any) -> Any:
        with self._asked("POST", path, body) as answer:
            return json.load(answer)

    def stream(self, path: str, body: Any) -> Iterator[Any]:
        """Yield the documents of an answer as they arrive. Ends early once it was cut."""
        try:
            with self._asked("POST", path, body) as answer:
                for line in answer:
                    if line.startswith(EVENT) and line[len(EVENT) :].strip() != END:
                        yield json.loads(line[len(EVENT) :])
        except (OSError, http.client.HTTPException, ValueError):
            if not self._cut.is_set():
                raise
        finally:
            self.close()

    def close(self) -> None:
        self.cut()
        self._http.close()

    def _asked(self, method: str, path: str, body: Any) -> http.client.HTTPResponse:
        headers = {"Authorization": f"Bearer {self._key}", "Connection": "close"}
        text = None if body is None else json.dumps(body).encode()
        self._http.request(method, path, text, headers)
        answer = self._http.getresponse()
        if answer.status != http.client.OK:
            raise Refused(_reason(answer.read()))
        return answer


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:300]
