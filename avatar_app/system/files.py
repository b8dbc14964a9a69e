"""Write files whole or not at all: beside their place, on the disk, then under their name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """An empty file beside `path` to write; it takes the place of `path` at the end, or is gone
    where that fails. Folders that lack are made. `mode` holds from the first byte on, less the
    umask. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode))
    try:
        yield unfinished
        settle(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def settle(unfinished: Path, path: Path) -> None:
    """Give a written file its name once its bytes are on the disk. Raises OSError."""
    handle = os.open(unfinished, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    unfinished.replace(path)


def replace_file(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace what is in `path`. ConfigInvalid where it cannot be written."""
    try:
        with replacing(path, mode) as unfinished:
            unfinished.write_bytes(content)
    except OSError as error:
        raise ConfigInvalid(
            f"{path} cannot be written: {error.strerror}.", "Make room on the disk."
        ) from error
