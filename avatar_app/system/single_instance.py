"""Keeps one instance of the program per data folder; later starts pass their request to it.

Who holds the lock file is the instance. The system releases the lock of a process that dies, so
nothing stale keeps the program from starting.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from avatar_app.core.errors import ConfigInvalid
from avatar_app.system.file_lock import try_lock
from avatar_app.system.files import replacing
from avatar_app.system.instance_channel import InstanceListener, OpenRequest, Reply, ask

LOCK, ADDRESS = ".instance.lock", ".instance.json"
PATIENCE = 10.0
"""Seconds until an instance counts as hanging: one that is closing gets as long to end."""
_PAUSE = 0.05
"""Seconds between two tries while an instance starts to listen, or ends."""

Receiver = Callable[[OpenRequest], Reply | None]

log = logging.getLogger(__name__)


class PrimaryInstance:
    """The one instance of a data folder, until it is closed."""

    def __init__(self, folder: Path, lock: BinaryIO | None) -> None:
        """Without a lock it is on its own: nobody finds it."""
        self._lock, self._address = lock, folder / ADDRESS
        self._guard = threading.Lock()
        self._pending: list[OpenRequest] = []
        self._receiver: Receiver | None = None
        self._listener: InstanceListener | None = None
        if lock is not None:
            self._listen(folder)

    def receive(self, receiver: Receiver) -> tuple[OpenRequest, ...]:
        """Call `receiver` with every request from now on, in another thread. Returns those that
        came before."""
        with self._guard:
            self._receiver, pending = receiver, tuple(self._pending)
            self._pending.clear()
        return pending

    def close(self) -> None:
        """Let the next start be the instance."""
        if self._listener is not None:
            self._listener.close()
        if self._lock is not None:
            self._address.unlink(missing_ok=True)
            self._lock.close()
        self._lock = self._listener = None

    def __enter__(self) -> PrimaryInstance:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _listen(self, folder: Path) -> None:
        try:
            self._listener = InstanceListener(folder, self._answer)
            with replacing(self._address, 0o600) as unfinished:
                document = {"address": self._listener.address, "process": os.getpid()}
                unfinished.write_text(json.dumps(document), encoding="utf-8")
        except OSError as error:
            log.warning("A second start cannot reach this window: %s", error)

    def _answer(self, request: OpenRequest) -> Reply | None:
        with self._guard:
            receiver = self._receiver
            if receiver is None:
                self._pending.append(request)
                return Reply.QUEUED
        return receiver(request)


def claim_instance(
    folder: Path, request: OpenRequest, patience: float = PATIENCE
) -> PrimaryInstance | Reply:
    """Become the instance of the data folder, or pass `request` to the one that is. Where neither
    succeeds within `patience` seconds, raises ConfigInvalid."""
    deadline = time.monotonic() + patience
    while (left := deadline - time.monotonic()) > 0:
        try:
            lock = _locked(folder / LOCK)
        except OSError as error:
            log.warning("Nothing keeps a second instance from %s: %s", folder, error)
            return PrimaryInstance(folder, None)
        if lock is not None:
            return PrimaryInstance(folder, lock)
        with suppress(OSError, ValueError):  # it starts or ends at this moment
            address, _ = _instance_of(folder)
            reply = ask(address, request, left)
            if reply is Reply.LATE:
                break
            if reply is not None:
                return reply
        threading.Event().wait(_PAUSE)
    raise ConfigInvalid(f"Avatar already runs with {folder}, but does not answer.", _hint(folder))


def _locked(path: Path) -> BinaryIO | None:
    """Return the locked file, or None where another process holds the lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab")
    try:
        if try_lock(file.fileno()):
            return file
    except OSError:
        file.close()
        raise
    file.close()
    return None


def _instance_of(folder: Path) -> tuple[str, int]:
    """Return the address and the process of the instance. Raises OSError or ValueError."""
    document = json.loads((folder / ADDRESS).read_text(encoding="utf-8"))
    match document:
        case {"address": str(address), "process": int(process)}:
            return address, process
    raise ValueError("not an address")


def _hint(folder: Path) -> str:
    process = ""
    with suppress(OSError, ValueError):
        process = f" {_instance_of(folder)[1]}"
    return f"End its process{process}, or choose another folder: --data-dir FOLDER."
