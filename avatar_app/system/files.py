"""Files of cloned voices are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid


def replace_file(path: Path, content: bytes, mode: int = 0o666) -> None:
    """`mode` holds from the first byte on, less the umask. ConfigInvalid where it cannot."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise ConfigInvalid(
            f"{path} cannot be written: {error.strerror}.", "Make room on the disk."
        ) from error
