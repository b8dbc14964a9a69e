"""The avatar library: one folder for each avatar; find, list, rename and remove by name."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from avatar_app.core.errors import InputInvalid
from avatar_app.engines.face.portrait.avatar import MANIFEST, Avatar, load_avatar, read_document
from avatar_app.engines.face.portrait.checking import printable
from avatar_app.engines.face.portrait.idle import RENDERED
from avatar_app.system.files import replacing
from avatar_app.system.folder_library import FolderLibrary
from avatar_app.system.named_folders import folder_name, is_name
from avatar_app.system.paths import AppPaths


def name_from(photo: Path) -> str:
    """Return a name for the avatar of a photo, from the file's name; letters lose their accents."""
    return name_for(photo.stem)


def name_for(title: str) -> str:
    """Return the folder's name for an avatar that the user calls `title`."""
    plain = folder_name(title)
    return plain if is_name(plain) else "avatar"


def title_from(photo: Path) -> str:
    """Return what the avatar of a photo is called: as the file, where that has letters which the
    name cannot have; empty for others."""
    words = " ".join(photo.stem.replace("_", " ").replace("-", " ").split())
    return "" if words.isascii() else printable(words.title())


@dataclass(frozen=True, slots=True)
class AvatarLabel:
    """What a list shows of an avatar, without its pictures."""

    title: str
    """As the user wrote it; empty where it is only the folder's name."""
    is_clip: bool
    """It has an idle loop."""
    is_rendered: bool
    """Its loop was made of a photo."""
    changed: float
    """Seconds since the epoch."""


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

    def label(self, name: str) -> AvatarLabel:
        """Read the label of an avatar; raises InputInvalid where its manifest is damaged."""
        path = self.folder(name) / MANIFEST
        document = read_document(path)
        title = printable(str(document.get("name", "")))
        idle = document.get("idle")
        is_rendered = isinstance(idle, dict) and idle.get(RENDERED) is True
        return AvatarLabel(
            "" if title == name else title, idle is not None, is_rendered, path.stat().st_mtime
        )

    def rename(self, name: str, title: str, taken: Collection[str] = ()) -> str:
        """Give an avatar another title, and its folder the name that is made from it; returns that
        name. It avoids those in `taken`. Raises InputInvalid for an empty title."""
        written = printable(title)
        if not written:
            raise InputInvalid("An avatar needs a name.", "Type a name.")
        folder = self.folder(name)
        document = read_document(folder / MANIFEST)
        wanted = name_for(written)
        renamed = name if wanted == name else self.free_name(wanted, taken)
        try:
            with replacing(folder / MANIFEST) as unfinished:
                text = json.dumps(document | {"name": written}, indent=1, ensure_ascii=False)
                unfinished.write_text(text + "\n", encoding="utf-8")
            folder.rename(self.root / renamed)
        except OSError as error:
            raise InputInvalid(
                f"The avatar {name} cannot be renamed: {error.strerror}.", f"Look at {folder}."
            ) from error
        return renamed
