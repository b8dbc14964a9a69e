"""Unfinished files and folders that name their process, and are deleted after it was killed."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_MARK = re.compile(r"\.pid(\d+)\.")
_UNMARKED_SECONDS = 7 * 86_400.0
"""What names no process was left by an earlier version, if nothing has changed for so long."""


def process_mark() -> str:
    """Return what the name of something unfinished must contain, between dots of its own."""
    return f".pid{os.getpid()}."


def delete_leftovers(unfinished: Iterable[Path]) -> None:
    """Delete those of `unfinished` that belong to no running process. What a disk refuses now, is
    tried again next time."""
    for path in unfinished:
        with suppress(OSError):
            if not _is_left_over(path):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _is_left_over(path: Path) -> bool:
    if marks := _MARK.findall(path.name):
        import psutil

        return not psutil.pid_exists(int(marks[-1]))
    return time.time() - path.lstat().st_mtime > _UNMARKED_SECONDS
