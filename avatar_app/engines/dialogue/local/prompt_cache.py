"""Caches the model's state after the constant beginning of prompts in a file."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from avatar_app.core.home import expanded
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.engines.llama_cpp.backend import StateKeeper

MOST = 4
"""Number of files: one for each model and persona used lately."""
SUFFIX = ".state"
log = logging.getLogger(__name__)


class PromptCache:
    """The states of one model. A file's name depends on library, model, options and text."""

    def __init__(self, folder: str, keeper: StateKeeper, model: Path, *options: object) -> None:
        """`folder`: empty stores nothing."""
        self._folder = expanded(folder) if folder else None
        self._keeper = keeper
        about = model.stat()
        self._identity = repr(
            (keeper.version, str(model), about.st_size, about.st_mtime_ns, options)
        )
        self._read: set[str] = set()

    def restore(self, text: str) -> bool:
        """Restore the state of `text`, once, if it is stored. Returns whether it was."""
        file = self._file(text)
        if text in self._read or file is None or not file.is_file():
            return text in self._read
        try:
            self._keeper.restore(file)
            file.touch()
            self._read.add(text)
        except (OSError, ValueError) as error:
            log.info("%s cannot be used: %s", file.name, error)
            with suppress(OSError):
                file.unlink()
        return text in self._read

    def save(self, text: str) -> None:
        """Store the state of the processed `text`. A full disk only costs the time to process it
        again."""
        self._read.add(text)
        if (file := self._file(text)) is None:
            return
        temporary = file.with_suffix(".new")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._keeper.save(temporary)
            temporary.replace(file)
            self._remove_old(file.parent)
        except (OSError, ValueError) as error:
            log.info("%s cannot be written: %s", file.name, error)

    def _file(self, text: str) -> Path | None:
        if self._folder is None:
            return None
        name = hashlib.sha256(f"{self._identity}\n{text}".encode()).hexdigest()[:32]
        return self._folder / f"{name}{SUFFIX}"

    def _remove_old(self, folder: Path) -> None:
        files = sorted(folder.glob(f"*{SUFFIX}"), key=lambda file: -file.stat().st_mtime_ns)
        for file in files[MOST:]:
            file.unlink(missing_ok=True)


def beginning(messages: tuple[Message, ...], text: Callable[[Prompt], str]) -> str:
    """Return what a model reads after `messages`, whatever the user says next; `text` renders a
    prompt."""
    one, other = (text(Prompt((*messages, Message(Role.USER, said)))) for said in ("Ask", "But"))
    alike = (at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right)
    return one[: next(alike, min(len(one), len(other)))]
