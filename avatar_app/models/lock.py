"""A lock file across processes, which the system releases when its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid
from avatar_app.system.file_lock import try_lock


@contextmanager
def hold_lock(path: Path, title: str) -> Iterator[None]:
    """Hold the lock at `path`; raises ConfigInvalid, with `title` in the message, if another
    process does."""
    with path.open("a+b") as file:
        if not _locked(file.fileno()):
            raise ConfigInvalid(
                f"{title} is already being downloaded or changed.", "Wait for it, or stop it."
            )
        yield  # closing the file unlocks it


def _locked(descriptor: int) -> bool:
    try:
        return try_lock(descriptor)
    except OSError:  # a file system without locks
        return False
