"""One at a time, over all processes: a lock that the system gives up when its holder dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid


@contextmanager
def locked(path: Path, title: str) -> Iterator[None]:
    """Hold the lock at `path`; ConfigInvalid, which calls the thing `title`, if another does."""
    with path.open("a+b") as file:
        try:
            _lock(file.fileno())
        except OSError as error:
            raise ConfigInvalid(
                f"{title} is being fetched or changed already.", "Wait for it, or stop it."
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
