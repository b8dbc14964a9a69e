"""The log of attempted connections: one JSON object a line, from all processes of the program."""

from __future__ import annotations

import json
import os
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

LOG_FILE = "network.log"
LARGEST = 512 << 10
"""Bytes; a longer log becomes the former one, and what that held is gone."""


@dataclass(frozen=True, slots=True)
class ConnectionAttempt:
    """A connection, name look-up or datagram that some part of the program attempted."""

    at: datetime
    """UTC."""
    process: str
    """Which part of the program."""
    what: str
    """connect, look up or send."""
    address: str
    """Host and port."""
    allowed: bool


def open_log(path: Path) -> int:
    """A file descriptor for appending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def read_attempts(path: Path, most: int) -> tuple[ConnectionAttempt, ...]:
    """The latest attempts, the newest first; lines that cannot be read are left out."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = deque(file, maxlen=most)
    except OSError:
        return ()
    found = (_attempt(line) for line in reversed(lines))
    return tuple(each for each in found if each is not None)


def _attempt(line: str) -> ConnectionAttempt | None:
    try:
        entry = json.loads(line)
        return ConnectionAttempt(
            datetime.fromisoformat(entry["at"]),
            str(entry["process"]),
            str(entry["what"]),
            str(entry["address"]),
            bool(entry["allowed"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
