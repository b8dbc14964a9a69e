"""The gallery of avatars: listed, painted, used, renamed, deleted and brought back, exported."""

from __future__ import annotations

from pathlib import Path

import pytest
from avatar_folders import add_avatars

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import InputInvalid
from avatar_app.core.manifest import Kind
from avatar_app.runtime.registry import Registry
from avatar_app.session.avatar_choices import AvatarChoices
from avatar_app.session.avatar_gallery import PICTURE, AvatarGallery
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths


@pytest.fixture
def library() -> AvatarLibrary:
    return add_avatars(["Ada Lovelace", "Mira"])


@pytest.fixture
def settings() -> SettingsStore:
    return SettingsStore(app_paths().settings_file, {})


@pytest.fixture
def gallery(library: AvatarLibrary, settings: SettingsStore) -> AvatarGallery:
    registry = Registry()
    settings.know_engines(registry.all())
    return AvatarGallery(AvatarChoices(registry, library), settings, app_paths())


def names(gallery: AvatarGallery) -> list[str]:
    return [avatar.name for avatar in gallery.avatars()]


def test_drawn_characters_come_first_and_hide_namesakes(gallery: AvatarGallery) -> None:
    assert names(gallery) == ["mira", "theo", "pip", "ada-lovelace"]
    assert [avatar.title for avatar in gallery.avatars()][-1] == "Ada Lovelace"


def test_every_avatar_has_its_own_picture(gallery: AvatarGallery) -> None:
    pictures = [gallery.picture(name) for name in names(gallery)]
    assert {picture.shape for picture in pictures} == {(PICTURE, PICTURE, 3)}
    assert len({picture.tobytes() for picture in pictures}) == 4


def test_using_an_avatar_is_one_undo_step(gallery: AvatarGallery, settings: SettingsStore) -> None:
    gallery.use("ada-lovelace")
    assert gallery.current() == "ada-lovelace"
    settings.undo()
    assert gallery.current() == "mira"


def test_renaming_the_one_in_use_keeps_it_in_use(
    gallery: AvatarGallery, library: AvatarLibrary
) -> None:
    gallery.use("ada-lovelace")
    assert gallery.rename("ada-lovelace", " Theo ") == "theo-2"
    assert gallery.current() == "theo-2"
    assert library.label("theo-2").title == "Theo"
    assert gallery.rename("theo-2", "Тео") == "avatar"
    assert gallery.avatars()[-1].title == "Тео"
    assert gallery.rename("avatar", "avatar") == "avatar"
    assert gallery.avatars()[-1].title == ""
    with pytest.raises(InputInvalid, match="needs a name"):
        gallery.rename("avatar", " \n ")


def test_deleting_the_one_in_use_shows_another_and_can_be_undone(
    gallery: AvatarGallery, settings: SettingsStore
) -> None:
    gallery.use("ada-lovelace")
    deletion = gallery.delete("ada-lovelace")
    assert names(gallery) == ["mira", "theo", "pip"]
    assert gallery.current() == "mira"
    deletion.undo()
    assert names(gallery)[-1] == "ada-lovelace"
    assert gallery.current() == "ada-lovelace"
    assert settings.settings.face.engine == "photo"
    gallery.use("pip")
    deletion = gallery.delete("ada-lovelace")
    assert gallery.current() == "pip"
    deletion.finish()
    deletion.undo()
    assert names(gallery) == ["mira", "theo", "pip"]


def test_deleted_avatar_comes_back_beside_a_new_one_of_its_name(gallery: AvatarGallery) -> None:
    gallery.use("ada-lovelace")
    deletion = gallery.delete("ada-lovelace")
    add_avatars(["Ada Lovelace"])
    deletion.undo()
    assert names(gallery)[3:] == ["ada-lovelace", "ada-lovelace-2"]
    assert gallery.current() == "ada-lovelace-2"
    assert gallery.picture("ada-lovelace-2").any()


def test_export_uses_the_avatar_suffix(gallery: AvatarGallery, tmp_path: Path) -> None:
    assert gallery.export("ada-lovelace", tmp_path / "ada") == tmp_path / "ada.avatar"
    assert (tmp_path / "ada.avatar").stat().st_size > 10_000


def test_previews_need_no_weights(gallery: AvatarGallery, settings: SettingsStore) -> None:
    settings.change({"face.engine": "wav2lip"})
    assert gallery.preview("ada-lovelace").engine == "photo"
    assert gallery.preview("pip").engine == "illustrated"
    assert Registry().find(Kind.FACE, "photo").needs.models == ()
