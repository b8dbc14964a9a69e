"""A lock file across processes, which the system releases when its holder dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid


@contextmanager
def hold_lock(path: Path, title: str) -> Iterator[None]:
    """Hold the lock at `path`; raises ConfigInvalid, with `title` in the message, if another
    process does."""
    with path.open("a+b") as file:
        try:
            _lock(file.fileno())
        except OSError as error:
            raise ConfigInvalid(
                f"{title} is already being downloaded or changed.", "Wait for it, or stop it."
            ) from error
        yield  # closing the file unlocks it


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
