"""Exclusive locks on open files (flock, or msvcrt on Windows), released when their holder dies."""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid

PATIENCE = 10.0
"""Seconds to wait for a lock that others hold for milliseconds."""
_LOOK = 0.005
"""Seconds between two tries."""
_HELD = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})
"""What the systems say where another process holds the lock."""

log = logging.getLogger(__name__)

if sys.platform == "win32":
    import msvcrt

    def _opened(folder: Path) -> int:
        return os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)

    def _unlock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _opened(folder: Path) -> int:
        return os.open(folder, os.O_RDONLY)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

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
        if not _waited(file.fileno()):
            raise ConfigInvalid(
                f"{title} is already being downloaded or changed.", "Wait for it, or stop it."
            )
        yield  # closing the file unlocks it


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Let no other process that asks for it change files of a folder for a moment; a missing one is
    created. Nothing is left in it, but on Windows. Goes on without where there can be no lock, or
    another process holds it too long: what the user changes is saved all the same.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = _opened(folder)
    except OSError:  # what is to be written there says so itself
        yield
        return
    try:
        if not _waited(descriptor):
            log.warning("Another program keeps %s locked.", folder)
        yield
    finally:
        with suppress(OSError):  # it was not locked
            _unlock(descriptor)  # also for a child that was forked meanwhile
        os.close(descriptor)


def _waited(descriptor: int) -> bool:
    """Lock a file after others that do; returns False where one holds it too long."""
    until = time.monotonic() + PATIENCE
    while not _locked(descriptor):
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK)
    return True


def _locked(descriptor: int) -> bool:
    try:
        return try_lock(descriptor)
    except OSError:  # a file system without locks
        return True
