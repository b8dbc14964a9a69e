"""Atomic file writes: into a temporary file, synced to disk, then renamed into place."""

from __future__ import annotations

import glob
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid

_MOST_BYTES = 160
"""Of a file's name, in the name of a temporary one; systems allow 255 in all."""


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """Yield an empty temporary file next to `path`; it replaces `path` at the end, or is deleted on
    errors. Missing folders are created. `mode` applies from the first byte on, less the umask.
    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _delete_leftovers(path)
    writer = f"{threading.get_ident()}.{os.getpid()}"  # two threads may write one file
    unfinished = path.with_name(f".{_beginning(path.name)}.{writer}.part")
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode))
    try:
        yield unfinished
        settle(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _beginning(name: str) -> str:
    """Return what a temporary file has of a name, so that its own is never too long."""
    if len(name) <= _MOST_BYTES // 4:
        return name
    return os.fsencode(name)[:_MOST_BYTES].decode("utf-8", errors="ignore")


def _delete_leftovers(path: Path) -> None:
    """Delete what processes left that were killed while they wrote the file."""
    if os.name == "nt":  # there `os.kill` would end the process that it asks for
        return
    for unfinished in path.parent.glob(f".{glob.escape(_beginning(path.name))}.*.part"):
        writer = unfinished.name.split(".")[-2]
        if writer.isdigit() and not _is_running(int(writer)):
            unfinished.unlink(missing_ok=True)


def is_leftover(path: Path) -> bool:
    """Whether it is a temporary file of `replacing`, which a killed process may have left."""
    return path.name.startswith(".") and path.name.endswith(".part")


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        return True
    return True


def settle(unfinished: Path, path: Path) -> None:
    """Sync a written file to disk and rename it into place. Raises OSError."""
    handle = os.open(unfinished, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    unfinished.replace(path)


def replace_file(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace the content of `path`. Raises ConfigInvalid where it cannot be written."""
    try:
        with replacing(path, mode) as unfinished:
            unfinished.write_bytes(content)
    except OSError as error:
        raise ConfigInvalid(
            f"{path} cannot be written: {error.strerror}.",
            "Make room on the disk, or check that you may write there.",
        ) from error
