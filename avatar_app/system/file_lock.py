"""Exclusive locks on open files (flock, or msvcrt on Windows), released when their holder dies."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid

PATIENCE = 10.0
"""Seconds to wait for a lock that others hold for milliseconds."""
_LOOK = 0.005
"""Seconds between two tries."""
_HELD = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})
"""What the systems say where another process holds the lock."""

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def try_lock(descriptor: int) -> bool:
    """Lock an open file until it is closed; False where another process holds the lock. Raises
    OSError where the file system has no locks."""
    try:
        _lock(descriptor)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


@contextmanager
def wait_for_lock(path: Path, title: str) -> Iterator[None]:
    """Hold the lock at `path` for a moment, after others that do. Raises ConfigInvalid, with
    `title` in the message, where one holds it too long. Where there can be no lock, nobody waits.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError:  # what is to be written there says so itself
        yield
        return
    with file:
        until = time.monotonic() + PATIENCE
        while not _locked(file.fileno()):
            if time.monotonic() > until:
                raise ConfigInvalid(
                    f"{title} is already being downloaded or changed.", "Wait for it, or stop it."
                )
            time.sleep(_LOOK)
        yield  # closing the file unlocks it


def _locked(descriptor: int) -> bool:
    try:
        return try_lock(descriptor)
    except OSError:  # a file system without locks
        return True
