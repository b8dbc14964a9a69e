"""Drawn characters and avatars: one list of names, and the face that shows each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.avatars.archive import export_avatar
from avatar_app.avatars.detection.faces import FaceDetector
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.runtime.registry import Registry
from avatar_app.session.avatar_choices import AvatarChoices, NewCharacter
from avatar_app.settings.schema import EngineChoice

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
AVATAR = Path(__file__).parents[1] / "data" / "data-972e2c0" / "eileen.avatar"


@pytest.fixture
def characters(tmp_path: Path) -> AvatarChoices:
    return AvatarChoices(Registry(), AvatarLibrary(tmp_path / "avatars"))


def made(characters: AvatarChoices, source: Path) -> NewCharacter:
    job = Job[NewCharacter]("making", lambda job: characters.make(source, job, FaceDetector))
    return job.run()


def test_user_avatars_are_listed_after_the_characters(
    characters: AvatarChoices, tmp_path: Path
) -> None:
    drawn = characters.names()
    assert "mira" in drawn
    photo = tmp_path / "Mira.png"  # as a drawn character is called
    photo.write_bytes(ASTRONAUT.read_bytes())
    assert [made(characters, photo).name for _ in range(2)] == ["mira-2", "mira-3"]
    export_avatar(characters.library.folder("mira-2"), tmp_path / "friend.AVATAR")
    friend = made(characters, tmp_path / "friend.AVATAR")
    assert friend.name == "friend"
    assert any("mouth is open" in note for note in friend.notes)
    assert characters.names() == (*drawn, "friend", "mira-2", "mira-3")


WAV2LIP = {"avatar": "bea", "model": "weights.pth", "width": 640, "fps": 25}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("theo", ("illustrated", {"fps": 20}), ("illustrated", {"fps": 20, "character": "theo"})),
        ("ada", ("illustrated", {"character": "pip"}), ("photo", {"avatar": "ada"})),
        ("ada", ("photo", {"avatar": "bea"}), ("photo", {"avatar": "ada"})),
        ("ada", ("wav2lip", WAV2LIP), ("wav2lip", WAV2LIP | {"avatar": "ada"})),
        (
            "pip",
            ("wav2lip", WAV2LIP),
            ("illustrated", {"character": "pip", "width": 640, "fps": 25}),
        ),
    ],
)
def test_face_engine_changes_only_if_necessary(
    characters: AvatarChoices,
    name: str,
    before: tuple[str, dict[str, object]],
    after: tuple[str, dict[str, object]],
) -> None:
    choice = characters.choice(name, EngineChoice(engine=before[0], options=before[1]))
    assert (choice.engine, choice.options) == after
    assert characters.shown_by(choice) == name


@pytest.mark.parametrize(
    ("engine", "options", "name"),
    [
        ("illustrated", {}, "mira"),
        ("photo", {"avatar": "/home/me/avatars/ada"}, "ada"),
        ("photo", {}, ""),
    ],
)
def test_shown_character_is_derived_from_the_face_settings(
    characters: AvatarChoices, engine: str, options: dict[str, object], name: str
) -> None:
    assert characters.shown_by(EngineChoice(engine=engine, options=options)) == name


def test_reopened_avatar_file_is_not_copied(characters: AvatarChoices, tmp_path: Path) -> None:
    first = made(characters, AVATAR)
    assert made(characters, AVATAR) == NewCharacter(first.name)
    assert characters.library.names() == (first.name,)
    renamed = tmp_path / "somebody.avatar"
    renamed.write_bytes(AVATAR.read_bytes())
    assert made(characters, renamed).name == "somebody"  # who renames it wants that name


def test_similar_avatar_file_is_imported_as_another(
    characters: AvatarChoices, tmp_path: Path
) -> None:
    folder = characters.library.folder(made(characters, AVATAR).name)
    portrait = bytearray((folder / "portrait.png").read_bytes())
    portrait[len(portrait) // 2] ^= 1  # as large, and not the same
    (folder / "portrait.png").write_bytes(portrait)
    assert made(characters, AVATAR).name == f"{folder.name}-2"


def test_a_damaged_archive_is_refused(characters: AvatarChoices, tmp_path: Path) -> None:
    made(characters, AVATAR)
    damaged = tmp_path / "damaged.avatar"
    damaged.write_bytes(AVATAR.read_bytes()[:-100])
    with pytest.raises(InputInvalid, match="is not an avatar"):
        made(characters, damaged)
    assert len(characters.library.names()) == 1
