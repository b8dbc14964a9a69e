"""Finds the texts of the page in a browser: its HTML, and what its scripts give to `text`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from avatar_app.server.page.texts import texts_of
from messages.message import Message

FOLDER = Path("server", "page", "static")


def page_messages(package: Path) -> Iterator[Message]:
    """Yield each text of the page."""
    for path in sorted((package / FOLDER).iterdir()):
        if path.suffix in (".html", ".js"):
            name = path.relative_to(package.parent).as_posix()
            for text in texts_of(path.read_text(encoding="utf-8"), path.suffix):
                yield Message(text, where=name)
