"""The avatar library: one folder for each avatar; find, list and remove by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from avatar_app.engines.face.portrait.avatar import MANIFEST, Avatar, load_avatar
from avatar_app.system.folder_library import FolderLibrary
from avatar_app.system.named_folders import folder_name, is_name
from avatar_app.system.paths import AppPaths


def name_from(photo: Path) -> str:
    """Return a name for the avatar of a photo, from the file's name; letters lose their accents."""
    plain = folder_name(photo.stem)
    return plain if is_name(plain) else "avatar"


@dataclass(frozen=True, slots=True)
class AvatarLibrary(FolderLibrary[Avatar]):
    """The folder that contains the avatars' folders."""

    noun = "avatar"
    commands = "avatars"
    how_to_add = "Create one: avatar-app avatars add PHOTO"
    manifest = MANIFEST

    @classmethod
    def of(cls, paths: AppPaths) -> AvatarLibrary:
        return cls(paths.data / "avatars")

    def load(self, folder: Path) -> Avatar:
        return load_avatar(folder)
