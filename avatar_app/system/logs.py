"""The log file, which users can send with a bug report. It never leaves the machine by itself."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

BYTES = 1_000_000
FILES = 3


class _LogFile(RotatingFileHandler):
    """Begins again where the file was deleted meanwhile: Windows keeps it, other systems let
    programs write into what nobody can read any more."""

    def emit(self, record: logging.LogRecord) -> None:
        if self.stream is not None and not os.path.exists(self.baseFilename):
            self.stream.close()
            self.stream = self._open()
        super().emit(record)


def log_to_file(folder: Path, level: str) -> Path | None:
    """Log into `folder`/avatar.log from now on; returns None where that cannot be written."""
    path = folder / "avatar.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = _LogFile(path, maxBytes=BYTES, backupCount=FILES, encoding="utf-8")
    except OSError as error:
        logging.getLogger(__name__).warning("no log file: %s", error)
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    return path
