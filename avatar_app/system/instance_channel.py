"""The channel between instances of the program: a Unix socket, or a named pipe on Windows.

A request is one JSON object; the reply is one word. Nothing is ever unpickled, and nothing runs
while nobody connects.
"""

from __future__ import annotations

import json
import logging
import secrets
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any

SOCKET = ".instance.socket"
_MOST_BYTES = 65536
"""Of a request."""
_SECONDS = 2.0
"""Time a client has for its request; the next one waits meanwhile."""
_BACKLOG = 16
"""Clients that wait to be accepted."""

log = logging.getLogger(__name__)


class Reply(Enum):
    """What became of a request."""

    SHOWN = b"shown"
    """The window is in front, and opens the file."""
    QUEUED = b"kept"
    """The instance is starting: its window will open the file."""
    LATE = b"late"
    """The window does not react; the file is opened when it does."""


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """Show the window, and open a file if there is one."""

    path: Path | None = None
    """An absolute path."""
    activation: str = ""
    """Wayland's permission to raise a window (XDG_ACTIVATION_TOKEN)."""

    def encoded(self) -> bytes:
        path = None if self.path is None else str(self.path)
        return json.dumps({"path": path, "activation": self.activation}).encode()

    @classmethod
    def decoded(cls, message: bytes) -> OpenRequest:
        """Raises ValueError for anything but a request."""
        document = json.loads(message)
        if not isinstance(document, dict):
            raise ValueError("not an object")
        path, activation = document.get("path"), document.get("activation", "")
        if not isinstance(path, str | None) or not isinstance(activation, str):
            raise ValueError("not texts")
        return cls(Path(path) if path else None, activation)


class InstanceListener:
    """Answers requests in a thread of its own, one after the other."""

    def __init__(self, folder: Path, answer: Callable[[OpenRequest], Reply | None]) -> None:
        """`answer` returns None for a request that must be made again, to the next instance.
        Raises OSError where the system has no such channels."""
        self._answer = answer
        self._private: Path | None = None
        """The folder of a socket for which the data folder's path is too long."""
        self._listener = self._opened(folder)
        self.address = str(self._listener.address)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="instance", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more; takes as long as the answer that is being given."""
        self._closing = True
        with suppress(OSError):
            Client(self.address).close()  # wakes the thread
        self._thread.join()
        self._listener.close()
        if self._private is not None:
            shutil.rmtree(self._private, ignore_errors=True)

    def _opened(self, folder: Path) -> Listener:
        if sys.platform == "win32":
            return Listener(rf"\\.\pipe\avatar-app-{secrets.token_hex(16)}", "AF_PIPE")
        try:
            return _bound(folder / SOCKET)
        except OSError:
            self._private = Path(tempfile.mkdtemp(prefix="avatar-app-"))
            return _bound(self._private / SOCKET)

    def _run(self) -> None:
        while not self._closing:
            try:
                with self._listener.accept() as client:
                    if not self._closing and client.poll(_SECONDS):
                        self._serve(client)
            except (OSError, EOFError, ValueError) as error:
                log.info("a request of another instance was not understood: %s", error)

    def _serve(self, client: Any) -> None:
        reply = self._answer(OpenRequest.decoded(client.recv_bytes(_MOST_BYTES)))
        if reply is not None:
            client.send_bytes(reply.value)


def _bound(path: Path) -> Listener:
    path.unlink(missing_ok=True)  # of an instance that was killed
    listener = Listener(str(path), "AF_UNIX", _BACKLOG)
    path.chmod(0o600)
    return listener


def ask(address: str, request: OpenRequest, seconds: float) -> Reply | None:
    """Make a request of the instance at `address`; None where it gives no answer in time, or ends.
    Raises OSError where nobody listens."""
    outcome: list[Reply | OSError] = []
    asking = threading.Thread(  # connecting to a process that is stopped may never return
        target=lambda: outcome.extend(_exchange(address, request, seconds)), daemon=True
    )
    asking.start()
    asking.join(seconds)
    result = outcome[0] if outcome else None
    if isinstance(result, OSError):
        raise result
    return result


def _exchange(address: str, request: OpenRequest, seconds: float) -> list[Reply | OSError]:
    try:
        with Client(address) as connection:
            connection.send_bytes(request.encoded())
            if connection.poll(seconds):
                return [Reply(connection.recv_bytes(_MOST_BYTES))]
    except OSError as error:
        return [error]
    except (EOFError, ValueError):
        return []
    return []
