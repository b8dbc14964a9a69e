"""The user's avatars: one folder each, found, listed and removed by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from avatar_app.core.errors import AvatarError, ConfigInvalid, InputInvalid, choose_one_of
from avatar_app.core.events import Noticed
from avatar_app.engines.face.portrait.avatar import MANIFEST, Avatar, load_avatar
from avatar_app.system.named_folders import (
    check_free,
    folder_name,
    is_name,
    likeliest,
    new_folder,
    remove_folder,
)
from avatar_app.system.paths import AppPaths


def name_from(photo: Path) -> str:
    """A name for the avatar of a photo, from the file's name; letters lose their accents."""
    plain = folder_name(photo.stem)
    return plain if is_name(plain) else "avatar"


@dataclass(frozen=True, slots=True)
class AvatarLibrary:
    """The folder that holds the avatars' folders."""

    root: Path

    @classmethod
    def of(cls, places: AppPaths) -> AvatarLibrary:
        return cls(places.data / "avatars")

    def names(self) -> tuple[str, ...]:
        """Of all avatars, damaged ones too, in order."""
        found = self.root.glob(f"*/{MANIFEST}")
        return tuple(sorted(path.parent.name for path in found if is_name(path.parent.name)))

    def folder(self, name: str) -> Path:
        """Where the avatar lies; ConfigInvalid, with the likeliest name meant, if there is none."""
        names = self.names()
        if (known := folder_name(name)) in names:
            return self.root / known
        hint = choose_one_of(names) or "Create one: avatar-app avatars add PHOTO"
        if Path(name).name != name:
            raise ConfigInvalid(f"{name} is no avatar.", hint)
        likely = likeliest(name, names)
        raise ConfigInvalid(
            f"Unknown avatar {name!r}.", f"Did you mean {likely}?" if likely else hint
        )

    def check_free(self, name: str) -> None:
        """ConfigInvalid if an avatar cannot be called so, or one is."""
        check_free(self.root, name, "an avatar", "avatars")

    def free_name(self, wanted: str, taken: Collection[str] = ()) -> str:
        """`wanted`, or where an avatar is called so or it is `taken`, the first of wanted-2,
        wanted-3, … that is free."""
        numbered = (f"{wanted[:36]}-{number}" for number in count(2))
        return next(
            name
            for name in chain([wanted], numbered)
            if name not in taken and not (self.root / name).exists()
        )

    @contextmanager
    def new(self, name: str) -> Iterator[Path]:
        """A folder to fill; it becomes the avatar at the end, or is gone where that fails."""
        self.check_free(name)
        try:
            with new_folder(self.root / name) as unfinished:
                yield unfinished
        except OSError as error:
            raise InputInvalid(
                f"The avatar {name} cannot be written: {error.strerror}.",
                f"Make room on the disk, or look at {self.root}.",
            ) from error

    def avatars(self) -> tuple[tuple[Avatar, ...], tuple[Noticed, ...]]:
        """Those that can be read, and what is wrong with the others."""
        read, notices = [], []
        for name in self.names():
            try:
                read.append(load_avatar(self.root / name))
            except AvatarError as error:
                notices.append(Noticed(error.message, error.hint))
        return tuple(read), tuple(notices)

    def remove(self, name: str) -> None:
        """Delete the avatar and all its files."""
        remove_folder(self.folder(name), f"The avatar {name}")
