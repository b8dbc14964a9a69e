"""What every prompt begins with is read once: the state after it is kept in a file."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.engines.dialogue.llama.backend import Backend

MOST = 4
"""Files that are kept: one for each model and persona used lately."""
SUFFIX = ".state"
log = logging.getLogger(__name__)


class PromptCache:
    """The states of one model. A file is known by what made it: library, model, options, text."""

    def __init__(self, folder: str, backend: Backend, model: Path, *options: object) -> None:
        """`folder`: empty keeps nothing."""
        self._folder = Path(folder).expanduser() if folder else None
        self._backend = backend
        about = model.stat()
        self._identity = repr(
            (backend.version, str(model), about.st_size, about.st_mtime_ns, options)
        )
        self._read: set[str] = set()

    def restore(self, text: str) -> bool:
        """Put back what was read of `text`, once, if it was kept. Whether it has been read."""
        file = self._file(text)
        if text in self._read or file is None or not file.is_file():
            return text in self._read
        try:
            self._backend.restore(file)
            file.touch()
            self._read.add(text)
        except (OSError, ValueError) as error:
            log.info("%s cannot be used: %s", file.name, error)
            with suppress(OSError):
                file.unlink()
        return text in self._read

    def save(self, text: str) -> None:
        """Keep what was just read: `text`. A full disk costs no more than the time to read anew."""
        self._read.add(text)
        if (file := self._file(text)) is None:
            return
        beside = file.with_suffix(".new")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._backend.save(beside)
            beside.replace(file)
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
    """What a model will read after `messages`, whatever the user says next; `text` writes a prompt
    as the model reads it."""
    one, other = (text(Prompt((*messages, Message(Role.USER, said)))) for said in ("Ask", "But"))
    alike = (at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right)
    return one[: next(alike, min(len(one), len(other)))]
