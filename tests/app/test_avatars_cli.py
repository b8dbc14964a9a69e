"""The command line makes, lists, exchanges and removes avatars."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from avatar_app.app.avatars.shelf import Shelf
from avatar_app.app.places import user_places
from avatar_app.cli_avatars import avatars
from avatar_app.core.errors import AvatarError, ConfigInvalid, InputInvalid

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"


def typed(*arguments: object) -> str:
    result = CliRunner().invoke(avatars, [str(argument) for argument in arguments])
    if isinstance(result.exception, AvatarError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_an_avatar_from_photo_to_removal(tmp_path: Path) -> None:
    shelf = Shelf.of(user_places())
    assert "none yet" in typed("list")
    told = typed("add", ASTRONAUT, "--name", "ada")
    assert str(shelf.folder("ada")) in told.replace(" ", "")
    assert "mouth is open" in told
    assert "ada 512 × 512" in typed("list")
    typed("export", "ada", tmp_path / "guest")
    typed("add", tmp_path / "guest.avatar")
    assert shelf.names() == ("ada", "guest")
    assert "removed" in typed("remove", "ada")
    assert shelf.names() == ("guest",)


def test_what_is_wrong_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="no file"):
        typed("add", tmp_path / "none.jpg")
    with pytest.raises(ConfigInvalid, match="no avatar"):
        typed("remove", "nobody")
    with pytest.raises(ConfigInvalid, match="cannot be called"):
        typed("add", ASTRONAUT, "--name", "../ada")
