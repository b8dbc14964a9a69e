"""The command line makes, lists, exchanges and removes avatars."""

from __future__ import annotations

from pathlib import Path

import pytest
from terminal import typed

from avatar_app.app.avatars.shelf import Shelf
from avatar_app.app.places import user_places
from avatar_app.cli.avatars import avatars
from avatar_app.core.errors import ConfigInvalid, InputInvalid

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"


def told(*arguments: object) -> str:
    return " ".join(typed(avatars, *arguments).output.split())


def test_an_avatar_from_photo_to_removal(tmp_path: Path) -> None:
    shelf = Shelf.of(user_places())
    assert "none yet" in told("list")
    shown = told("add", ASTRONAUT, "--name", "ada")
    assert str(shelf.folder("ada")) in shown.replace(" ", "")
    assert "mouth is open" in shown
    assert "ada 512 × 512" in told("list")
    told("export", "ada", tmp_path / "guest")
    told("add", tmp_path / "guest.avatar")
    assert shelf.names() == ("ada", "guest")
    assert "removed" in told("remove", "ada")
    assert shelf.names() == ("guest",)


def test_what_is_wrong_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="no file"):
        told("add", tmp_path / "none.jpg")
    with pytest.raises(ConfigInvalid, match="no avatar"):
        told("remove", "nobody")
    with pytest.raises(ConfigInvalid, match="cannot be called"):
        told("add", ASTRONAUT, "--name", "../ada")
