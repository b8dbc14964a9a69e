"""The command line makes, lists, exchanges and removes avatars."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from terminal import typed

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.cli.avatars import avatars
from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.engines.face.portrait.avatar import MANIFEST
from avatar_app.system.paths import app_paths

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"


def invoke(*arguments: object) -> str:
    return " ".join(typed(avatars, *arguments).output.split())


def test_an_avatar_from_photo_to_removal(tmp_path: Path) -> None:
    library = AvatarLibrary.of(app_paths())
    assert "no avatars yet" in invoke("list")
    shown = invoke("add", ASTRONAUT, "--name", "ada")
    assert str(library.folder("ada")) in shown.replace(" ", "")
    assert "mouth is open" in shown
    assert "ada 512 × 512" in invoke("list")
    invoke("export", "ada", tmp_path / "guest")
    invoke("add", tmp_path / "guest.avatar")
    assert library.names() == ("ada", "guest")
    assert "removed" in invoke("remove", "ada")
    assert library.names() == ("guest",)


def test_damaged_manifest_does_not_break_the_list() -> None:
    library = AvatarLibrary.of(app_paths())
    for name, created in (("ada", "[/nope]"), ("bea", "[bold]2"), ("cal", None)):
        invoke("add", ASTRONAUT, "--name", name)
        path = library.folder(name) / MANIFEST
        path.write_text(json.dumps(json.loads(path.read_bytes()) | {"created": created}))
    shown = invoke("list")
    assert "ada 512 × 512 – [/nope]" in shown
    assert "bea 512 × 512 – [bold]2" in shown
    assert "created is no text" in shown


def test_brackets_in_a_files_name_are_printed(tmp_path: Path) -> None:
    invoke("add", ASTRONAUT, "--name", "ada")
    assert invoke("export", "ada", tmp_path / "[bold]ada").endswith("[bold]ada.avatar")


def test_avatar_name_is_made_a_valid_folder_name(tmp_path: Path) -> None:
    assert "The avatar ada-lovelace is " in invoke("add", ASTRONAUT, "--name", "Ada Lovelace")
    assert invoke("export", "ADA-Lovelace", tmp_path / "x").endswith("x.avatar")
    invoke("add", tmp_path / "x.avatar", "--name", "Zoë")
    invoke("remove", "Zoë")
    assert AvatarLibrary.of(app_paths()).names() == ("ada-lovelace",)


def test_errors_are_reported_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="does not exist"):
        invoke("add", tmp_path / "none.jpg")
    with pytest.raises(ConfigInvalid, match="Unknown avatar"):
        invoke("remove", "nobody")
    with pytest.raises(ConfigInvalid, match="cannot be called"):
        invoke("add", ASTRONAUT, "--name", "../ada")
