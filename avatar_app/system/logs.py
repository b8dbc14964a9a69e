"""The log file, which users can send with a bug report. It never leaves the machine by itself."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

BYTES = 1_000_000
FILES = 3


def log_to_file(folder: Path, level: str) -> Path | None:
    """Log into `folder`/avatar.log from now on; returns None where that cannot be written."""
    path = folder / "avatar.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=BYTES, backupCount=FILES, encoding="utf-8")
    except OSError as error:
        logging.getLogger(__name__).warning("no log file: %s", error)
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    return path
