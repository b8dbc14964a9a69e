"""The host's side of a child process: threads that send, receive and detect its death."""

from __future__ import annotations

import logging
import multiprocessing
import queue
import threading
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from typing import Any, Protocol

from avatar_app.engines.hosting.child import serve
from avatar_app.engines.hosting.messages import Close, Died, Raised, Ready
from avatar_app.engines.hosting.share import ProcessShare
from avatar_app.engines.hosting.watch import Reading, reading_of

CLOSE_PATIENCE = 3.0
"""Seconds that an engine may take to end before its process is killed."""

log = logging.getLogger(__name__)

Inbox = queue.SimpleQueue[Any]


class Line(Protocol):
    """The host's end of the way to a child."""

    def send_bytes(self, message: Any, /) -> None:
        """Send a pickled message; raises OSError where the child is gone."""

    def recv(self) -> Any:
        """Wait for a message; raises EOFError or OSError where the child is gone."""

    def close(self) -> None: ...


class Running(Protocol):
    """A child that runs somewhere."""

    @property
    def pid(self) -> int | None: ...

    @property
    def exitcode(self) -> int | None: ...

    def is_alive(self) -> bool: ...

    def kill(self) -> None: ...

    def join(self, timeout: float | None = None) -> None: ...


Start = Callable[[Callable[[], Any], tuple[str, ...], str, ProcessShare], tuple[Line, Running]]
"""Starts a child that serves the engine which a factory makes: with the names of attributes, its
title and its share of the machine."""


def spawned(
    factory: Callable[[], Any], attributes: tuple[str, ...], title: str, share: ProcessShare
) -> tuple[Line, Running]:
    """Start a process of this machine: a `Start`."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(
        target=serve, args=(theirs, factory, attributes, share), name=title, daemon=True
    )
    process.start()
    theirs.close()
    return ours, process


class ChildProcess:
    """A process that serves one engine, and the threads that write to it and read from it, so that
    a stuck child blocks no caller.

    It is never started again: after its death a host makes another.
    """

    def __init__(
        self,
        factory: Callable[[], Any],
        attributes: tuple[str, ...],
        title: str,
        share: ProcessShare,
        start: Start = spawned,
    ) -> None:
        self._connection, self._process = start(factory, attributes, title, share)
        self._title = title
        self._outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._registering = threading.Lock()
        self._inboxes: dict[int, Inbox] = {}
        self._died: Died | None = None
        self.loading: Inbox = queue.SimpleQueue()
        """Gets Ready or Raised once, and Died in the end."""
        self.ready: Ready | None = None
        self.heard = 0
        """Number of received messages: a waiting caller sees by it that others are being served."""
        self._writer = threading.Thread(target=self._write, name=f"{title} writer", daemon=True)
        self._writer.start()
        self._reader = threading.Thread(target=self._read, name=f"{title} host", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def dead(self) -> bool:
        return self._died is not None

    def reading(self) -> Reading | None:
        """Return what the process has done so far; None once it has ended, or where it runs on
        another machine."""
        return reading_of(self.pid) if self.pid else None

    def open(self, id: int) -> Inbox:
        """The inbox of call number `id`; if the child is dead it already says so."""
        inbox: Inbox = queue.SimpleQueue()
        with self._registering:
            self._inboxes[id] = inbox
            if self._died is not None:
                inbox.put(self._died)
        return inbox

    def shut(self, id: int) -> None:
        """Close an inbox that is no longer read."""
        with self._registering:
            del self._inboxes[id]

    def send(self, message: Any) -> None:
        """Send to the child without waiting; if it is dead, the reader notifies waiting callers."""
        if not self.dead:
            self._outbox.put(ForkingPickler.dumps(message))

    def close(self) -> None:
        """Let the engine end, or else kill it; one that was never used has nothing to end."""
        if self.ready is not None:
            self.send(Close())
            self._process.join(CLOSE_PATIENCE)
        self.kill()

    def kill(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._reader.join(CLOSE_PATIENCE)

    def _write(self) -> None:
        try:
            while (message := self._outbox.get()) is not None:
                self._connection.send_bytes(message)
        except OSError:
            log.debug("%s is gone", self._title)

    def _read(self) -> None:
        reason = ""
        try:
            while True:
                message = self._connection.recv()
                self.heard += 1
                self._deliver(message)
        except (EOFError, OSError):
            log.debug("%s has ended", self._title)
        except Exception:  # a seam: an engine may send an object of a class unknown to this process
            log.exception("%s sent what cannot be read", self._title)
            reason = "sent what cannot be read"
            self._process.kill()
        self._process.join(CLOSE_PATIENCE)
        self._outbox.put(None)
        self._writer.join(CLOSE_PATIENCE)
        self._connection.close()
        died = Died(reason or f"stopped (exit code {self._process.exitcode})")
        with self._registering:
            self._died = died
            for inbox in self._inboxes.values():
                inbox.put(died)
        self.loading.put(died)

    def _deliver(self, message: Any) -> None:
        if isinstance(message, Raised) and message.trace:
            log.error("%s failed:\n%s", self._title, message.trace)
        if isinstance(message, Ready) or not message.id:
            self.loading.put(message)
            return
        with self._registering:
            inbox = self._inboxes.get(message.id)
        if inbox is not None:
            inbox.put(message)
