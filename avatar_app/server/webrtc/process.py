"""The process that speaks WebRTC with one browser, as the server sees it."""

from __future__ import annotations

import multiprocessing
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from avatar_app.server.webrtc.link import FAILED, LinkKind, LinkMessage, unpacked

ENDING = 3.0
"""Seconds in which the process must end by itself."""
MOST_PICTURES = 3
"""That may wait for it; older ones are dropped."""


def _run(link: Connection, addresses: Sequence[str] | None) -> None:
    from avatar_app.server.webrtc.peer import serve_peer  # loads aiortc, here alone

    serve_peer(link, addresses)


class PeerProcess:
    """Takes messages at once and passes them on in a thread; another one reads what comes back."""

    def __init__(
        self, take: Callable[[LinkMessage], None], addresses: Sequence[str] | None
    ) -> None:
        """`take` is called in a thread; the last message is a state, FAILED if the process ended by
        itself. `addresses`: see `peer.serve_peer`."""
        self._take = take
        self._waiting: deque[LinkMessage] = deque()
        self._changed, self._is_open = threading.Condition(), True
        spawn = multiprocessing.get_context("spawn")
        self._link, theirs = spawn.Pipe()
        arguments = (theirs, addresses)
        self._process = spawn.Process(target=_run, args=arguments, name="webrtc", daemon=True)
        self._process.start()
        theirs.close()
        self._threads = [
            threading.Thread(target=self._write, name="webrtc out", daemon=True),
            threading.Thread(target=self._read, name="webrtc in", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def send(self, message: LinkMessage) -> None:
        """Pass a message on, soon; of pictures only the last ones."""
        with self._changed:
            if not self._is_open:
                return
            pictures = [each for each in self._waiting if each.kind is LinkKind.PICTURE]
            if message.kind is LinkKind.PICTURE and len(pictures) >= MOST_PICTURES:
                self._waiting.remove(pictures[0])
            self._waiting.append(message)
            self._changed.notify()

    def close(self) -> None:
        """End the process."""
        with self._changed:
            self._is_open = False
            self._waiting.clear()
            self._waiting.append(LinkMessage(LinkKind.CLOSE))
            self._changed.notify()
        self._process.join(ENDING)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        for thread in self._threads:
            thread.join()
        self._link.close()

    def _write(self) -> None:
        with suppress(OSError):  # the process has gone
            while (message := self._next()).kind is not LinkKind.CLOSE:
                self._link.send_bytes(message.packed())
            self._link.send_bytes(message.packed())

    def _next(self) -> LinkMessage:
        with self._changed:
            while not self._waiting:
                self._changed.wait()
            return self._waiting.popleft()

    def _read(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                self._take(unpacked(self._link.recv_bytes()))
        if self._is_open:
            self._take(LinkMessage(LinkKind.STATE, FAILED.encode()))
