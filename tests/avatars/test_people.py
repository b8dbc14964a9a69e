"""A photo of several people: the largest is taken, or somebody is asked who else is meant."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from terminal import typed

from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.avatars.people import SeveralPeople
from avatar_app.avatars.photo import read_photo
from avatar_app.cli import avatars as cli
from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import MANIFEST, Avatar
from avatar_app.system.paths import app_paths

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
Photo = Callable[..., Path]


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    """Writes a photo of people of these sizes, from left to right; the largest may be blurred."""

    def write(*sizes: float, blurred: bool = False) -> Path:
        pieces = []
        for size in sizes:
            piece = cv2.resize(read_photo(ASTRONAUT), None, fx=size, fy=size)
            if blurred and size == max(sizes):
                piece = cv2.GaussianBlur(piece, (0, 0), 7)
            pieces.append(on_canvas(piece, round(512 * max(sizes))))
        path = tmp_path / "group.png"
        cv2.imwrite(str(path), cv2.cvtColor(np.hstack(pieces), cv2.COLOR_RGB2BGR))
        return path

    return write


def on_canvas(piece: Image, height: int) -> Image:
    canvas = np.full((height, piece.shape[1], 3), 90, np.uint8)
    canvas[: piece.shape[0]] = piece
    return canvas


def made(path: Path, person: int | None = None) -> Avatar:
    library = AvatarLibrary.of(app_paths())
    return Job[Avatar]("", lambda job: make_avatar(path, "ada", job, library, person=person)).run()


def place_of(avatar: Avatar) -> float:
    """Of the face, from the left edge of the photo to the right."""
    x0, _, x1, _ = json.loads(
        (AvatarLibrary.of(app_paths()).folder(avatar.name) / MANIFEST).read_text()
    )["face_box"]
    return float((x0 + x1) / 2 / avatar.portrait.shape[1])


def test_the_person_in_front_is_selected(photo: Photo) -> None:
    avatar = made(photo(1.0, 2.0))
    assert place_of(avatar) > 0.5
    assert any("2 faces" in note for note in avatar.notes)


def test_chosen_person_is_used_without_a_note_about_others(photo: Photo) -> None:
    avatar = made(photo(1.0, 2.0), person=1)
    assert place_of(avatar) < 0.5
    assert not any("faces" in note for note in avatar.notes)


def test_unusable_largest_face_asks_which_person_is_meant(photo: Photo) -> None:
    path = photo(1.0, 2.0, blurred=True)
    with pytest.raises(SeveralPeople) as asked:
        made(path)
    assert asked.value.message == f"{path} shows 2 people: which one do you mean?"
    assert "--person" in asked.value.hint
    again = pickle.loads(pickle.dumps(asked.value))
    assert (again.message, again.hint, again.count) == (asked.value.message, asked.value.hint, 2)
    with pytest.raises(InputInvalid, match="is blurred"):
        made(path, person=2)


def test_unknown_person_number_is_reported(photo: Photo) -> None:
    with pytest.raises(InputInvalid, match=r"Unknown person 3: .* shows 2 people"):
        made(photo(1.0, 1.0), person=3)
    with pytest.raises(InputInvalid, match="shows one person"):
        made(ASTRONAUT, person=2)


def test_the_command_line_asks_or_takes_an_option(
    photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = photo(1.0, 2.0, blurred=True)
    with pytest.raises(SeveralPeople):
        typed(cli.avatars, "add", path)
    typed(cli.avatars, "add", path, "--person", 1, "--name", "one")
    monkeypatch.setattr(cli, "_asked_who", lambda several: several.count - 1)
    typed(cli.avatars, "add", path, "--name", "asked")
    assert AvatarLibrary.of(app_paths()).names() == ("asked", "one")
