"""Results of steps on disk, named by what they were made from, so that work is never done twice."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from avatar_app.core.errors import InputInvalid

VERSION = 1
"""Of the steps' files; results of another one are made again."""
_BLOCK = 1 << 20
_LEFT_OVER = 86_400.0
"""Seconds after which an unfinished folder belongs to a process that was killed."""


def step_key(step: str, inputs: Mapping[str, Any]) -> str:
    """Return the name of a result: a digest of the step and of all that it depends on, which must
    be JSON-compatible."""
    document = {"version": VERSION, "step": step, "inputs": inputs}
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"{step}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def content_digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files of a folder. Raises InputInvalid where it
    cannot be read."""
    digest = hashlib.sha256()
    try:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for each in files:
            if each.is_file():
                digest.update(each.relative_to(path).as_posix().encode())
                with each.open("rb") as file:
                    while block := file.read(_BLOCK):
                        digest.update(block)
    except OSError as error:
        raise InputInvalid(
            f"{path} cannot be read: {error.strerror}.", "Check the path."
        ) from error
    return digest.hexdigest()


class StepResults:
    """A folder of results; several processes may share it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, key: str) -> Path | None:
        """Return the folder of a complete result."""
        folder = self.root / key
        if not folder.is_dir():
            return None
        os.utime(folder)
        return folder

    @contextmanager
    def new(self, key: str) -> Iterator[Path]:
        """Yield an empty folder that becomes the result at the end; an error leaves nothing.

        Raises InputInvalid where the disk does not accept it.
        """
        unfinished = self.root / f".{key}.{token_hex(6)}"
        try:
            unfinished.mkdir(parents=True)
            yield unfinished
            self._settle(unfinished, self.root / key)
        except OSError as error:
            raise InputInvalid(
                f"The folder {self.root} cannot be used: {error.strerror or error}.",
                "Make room on the disk, or check that you may write there.",
            ) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def drop(self, key: str) -> None:
        """Delete a result that is not needed any more."""
        shutil.rmtree(self.root / key, ignore_errors=True)

    def prune(self, most_bytes: int, now: float | None = None) -> None:
        """Delete what was used longest ago until at most so many bytes are left, and what killed
        processes left behind."""
        if not self.root.is_dir():
            return
        folders = sorted(self.root.iterdir(), key=_used_at, reverse=True)
        moment, total = time.time() if now is None else now, 0
        for folder in folders:
            total += _size(folder)
            is_left_over = folder.name.startswith(".")
            old = moment - _used_at(folder) > _LEFT_OVER
            if old if is_left_over else total > most_bytes:
                shutil.rmtree(folder, ignore_errors=True)

    def _settle(self, unfinished: Path, folder: Path) -> None:
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise


def _used_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # another process has just deleted it
        return 0.0


def _size(folder: Path) -> int:
    try:
        return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
    except OSError:
        return 0
