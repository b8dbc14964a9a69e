"""A library of named folders, as of avatars and cloned voices: list, find, add and remove them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from avatar_app.core.errors import AvatarError, ConfigInvalid, InputInvalid, choose_one_of
from avatar_app.core.events import Noticed
from avatar_app.system.named_folders import (
    LONGEST,
    check_free,
    folder_name,
    is_name,
    likeliest,
    new_folder,
    remove_folder,
)

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class FolderLibrary(Generic[Entry]):
    """The folder that contains one folder for each entry; a subclass loads them."""

    noun: ClassVar[str]
    """What an entry is called in messages: “avatar”."""
    commands: ClassVar[str]
    """The group of commands that adds and removes entries: “avatars”."""
    how_to_add: ClassVar[str]
    """The hint where there is no entry."""
    manifest: ClassVar[str] = ""
    """The file without which a folder is not listed; empty lists every folder."""

    root: Path

    def load(self, folder: Path) -> Entry:
        """Load the entry in `folder`; raises AvatarError if it is damaged."""
        raise NotImplementedError

    def names(self) -> tuple[str, ...]:
        """Return the names of all entries in alphabetical order, damaged ones included."""
        if not self.root.is_dir():
            return ()
        folders = (path for path in self.root.iterdir() if is_name(path.name) and path.is_dir())
        return tuple(sorted(path.name for path in folders if (path / self.manifest).exists()))

    def folder(self, name: str) -> Path:
        """Return the folder of an entry; raises ConfigInvalid, with the likeliest name meant, if it
        is unknown.
        """
        names = self.names()
        if (known := folder_name(name)) in names:
            return self.root / known
        hint = choose_one_of(names) or self.how_to_add
        if Path(name).name != name:
            raise ConfigInvalid(f"{name} is not {self._a_noun}.", hint)
        likely = likeliest(name, names)
        raise ConfigInvalid(
            f"Unknown {self.noun} {name!r}.", f"Did you mean {likely}?" if likely else hint
        )

    def entries(self) -> tuple[tuple[Entry, ...], tuple[Noticed, ...]]:
        """Return the entries that can be loaded, and what is wrong with the others."""
        loaded, notices = [], []
        for name in self.names():
            try:
                loaded.append(self.load(self.root / name))
            except AvatarError as error:
                notices.append(Noticed(error.message, error.hint))
        return tuple(loaded), tuple(notices)

    def check_free(self, name: str) -> None:
        """Raise ConfigInvalid if `name` is invalid or taken."""
        check_free(self.root, name, self._a_noun, self.commands)

    def free_name(self, wanted: str, taken: Collection[str] = ()) -> str:
        """Return `wanted`, or the first free of wanted-2, wanted-3, … where that is in use or in
        `taken`.
        """
        numbered = (f"{wanted[: LONGEST - 4]}-{number}" for number in count(2))
        return next(
            name
            for name in chain([wanted], numbered)
            if name not in taken and not (self.root / name).exists()
        )

    @contextmanager
    def new(self, name: str) -> Iterator[Path]:
        """Yield a folder to fill; it becomes the entry at the end, or is deleted on errors."""
        self.check_free(name)
        try:
            with new_folder(self.root / name) as unfinished:
                yield unfinished
        except OSError as error:
            raise InputInvalid(
                f"The {self.noun} {name} cannot be written: {error.strerror}.",
                f"Make room on the disk, or look at {self.root}.",
            ) from error

    def remove(self, name: str) -> None:
        """Delete the entry and all its files."""
        remove_folder(self.folder(name), f"The {self.noun} {name}")

    @property
    def _a_noun(self) -> str:
        return f"{'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun}"
