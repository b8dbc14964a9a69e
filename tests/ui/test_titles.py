"""An avatar is called as the user wrote it, with its accents, wherever its name stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from avatar_folders import add_avatars

from avatar_app.avatars.library import title_from
from avatar_app.core.events import CharacterShown


@pytest.mark.parametrize(
    ("file", "title"),
    [
        ("josé pérez.jpg", "José Pérez"),
        ("zoë-müller.png", "Zoë Müller"),
        ("王小明.jpg", "王小明"),
        ("ada-lovelace.jpg", ""),
        ("IMG_1234 (1).jpg", ""),
    ],
)
def test_a_file_with_accents_gives_a_title(file: str, title: str) -> None:
    assert title_from(Path("/photos") / file) == title


def test_the_title_stands_everywhere(qtbot, opened) -> None:
    add_avatars(["José Pérez"])
    window, session = opened()
    session.character = "jose-perez"
    session.characters = lambda: ("mira", "jose-perez")
    session.post(CharacterShown("jose-perez"))
    qtbot.waitUntil(lambda: window.stage.name.text() == "José Pérez")
    assert window.chat.model.avatar == "José Pérez"
    window.show_settings()
    assert "José Pérez" in [row.text() for row in window.popover.characters.rows]
    window.pages.open("history")
    assert window.pages.shown.reader.list.model().avatar == "José Pérez"
    session.avatars.rename("jose-perez", "José María Pérez")
    session.character = "jose-maria-perez"
    window.pages.open("avatars")
    qtbot.waitUntil(lambda: window.stage.name.text() == "José María Pérez")
