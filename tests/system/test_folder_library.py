"""Libraries of named folders: whatever is in them is listed, found, added and removed alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.system.folder_library import FolderLibrary
from avatar_app.system.paths import app_paths
from avatar_app.voices.library import VoiceLibrary


@dataclass(frozen=True, slots=True)
class Songs(FolderLibrary[str]):
    """Each folder contains a text."""

    noun = "old song"
    commands = "songs"
    how_to_add = "Sing one."

    def load(self, folder: Path) -> str:
        try:
            return (folder / "text").read_text()
        except OSError as error:
            raise InputInvalid(f"{folder.name} is damaged.", "Sing it again.") from error


@pytest.fixture
def songs(tmp_path: Path) -> Songs:
    library = Songs(tmp_path / "songs")
    for name in ("tea", "sea"):
        with library.new(name) as folder:
            (folder / "text").write_text(name)
    return library


def test_empty_library_explains_how_to_add_entries(tmp_path: Path) -> None:
    library = Songs(tmp_path / "none")
    assert library.names() == ()
    assert library.entries() == ((), ())
    with pytest.raises(ConfigInvalid, match="Unknown old song 'x'") as unknown:
        library.folder("x")
    assert unknown.value.hint == "Sing one."


def test_entries_are_listed_and_damage_is_reported(songs: Songs) -> None:
    (songs.root / "sea" / "text").unlink()
    (songs.root / ".asked").mkdir()
    (songs.root / "a file").touch()
    (songs.root / "file").touch()
    entries, notices = songs.entries()
    assert songs.names() == ("sea", "tea")
    assert entries == ("tea",)
    assert [notice.message for notice in notices] == ["sea is damaged."]


def test_name_lookup_ignores_case_and_accents(songs: Songs) -> None:
    assert songs.folder("Téa") == songs.root / "tea"
    with pytest.raises(ConfigInvalid, match="is not an old song"):
        songs.folder(str(songs.root / "tea"))


def test_a_failed_write_leaves_no_folder(songs: Songs) -> None:
    with pytest.raises(InputInvalid, match="The old song new cannot be written: No space"):  # noqa: SIM117
        with songs.new("new"):
            raise OSError(28, "No space left on device")
    assert songs.names() == ("sea", "tea")
    assert len(list(songs.root.iterdir())) == 2


def test_duplicate_name_is_refused(songs: Songs) -> None:
    with pytest.raises(ConfigInvalid, match="An old song tea exists already") as taken:
        songs.check_free("tea")
    assert "avatar-app songs remove tea" in taken.value.hint
    assert songs.free_name("tea") == "tea-2"
    songs.remove("tea")
    songs.check_free("tea")


def test_avatar_and_voice_libraries_share_the_folder_library() -> None:
    for library in (AvatarLibrary.of(app_paths()), VoiceLibrary.of(app_paths())):
        assert isinstance(library, FolderLibrary)
        assert library.names() == ()
        with pytest.raises(ConfigInvalid, match=f"Unknown {library.noun} 'ada'"):
            library.folder("ada")
