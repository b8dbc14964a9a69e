"""Folders with user-given names, one for each avatar and voice: created whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from tempfile import mkdtemp
from unicodedata import normalize

from rapidfuzz import fuzz, process

from avatar_app.core.errors import ConfigInvalid
from avatar_app.system.leftovers import delete_leftovers, process_mark

LONGEST = 40
"""Letters of a name."""
_NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{LONGEST - 1}}}\Z")
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
)
"""Names that Windows does not allow for files."""
_UNFINISHED = ".partial"
"""Ends the name of a folder that is being filled."""
_ALIKE = 60
"""Minimum similarity, in per cent, to suggest one name for another."""


def is_name(name: str) -> bool:
    """Whether a folder can have this name on every system."""
    return bool(_NAME.match(name)) and name not in _RESERVED


def folder_name(name: str) -> str:
    """Return the folder name for a given name: "Ada Lovelace" becomes ada-lovelace, and letters
    lose their accents. A path, or a name of which nothing would be left, stays as it is.
    """
    if Path(name).name != name:
        return name
    letters = normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9_-]+", "-", letters.replace("'", "")).strip("-_")
    return plain[:LONGEST].strip("-_") or name


def check_name(name: str, what: str) -> str:
    """Return `name`; raises ConfigInvalid if `what` (“An avatar”) cannot have it."""
    if name in _RESERVED:
        raise ConfigInvalid(
            f"{what} cannot be called {name!r}: Windows keeps that name for itself.",
            f"Choose another, say  --name {name}-1.",
        )
    if not is_name(name):
        raise ConfigInvalid(
            f"{what} cannot be called {name!r}.",
            "Use up to 40 small letters, digits, - and _, say  --name ada.",
        )
    return name


def likeliest(name: str, names: Collection[str]) -> str | None:
    """Return the one of `names` that is most similar to `name`, if one is similar enough."""
    found = process.extractOne(
        name, names, scorer=fuzz.ratio, processor=str.casefold, score_cutoff=_ALIKE
    )
    return None if found is None else found[0]


def check_free(root: Path, name: str, what: str, commands: str) -> None:
    """Raise ConfigInvalid if `name` is invalid for `what` (“an avatar”) or taken in `root`.

    `commands` (“avatars”): the group of commands that removes it.
    """
    if (root / check_name(name, what.capitalize())).exists():
        raise ConfigInvalid(
            f"{what.capitalize()} {name} exists already.",
            f"Choose another --name, or type: avatar-app {commands} remove {name}",
        )


def free_path(path: Path) -> Path:
    """Return `path`, or the first free of NAME-2, NAME-3, … beside it; what is a name stays one."""
    numbered = (
        path.with_name(f"{path.stem[: LONGEST - 4]}-{number}{path.suffix}") for number in count(2)
    )
    return next(each for each in chain([path], numbered) if not os.path.lexists(each))


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to fill; it becomes `path` at the end, or is deleted on errors. Raises
    OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    delete_unfinished(path.parent)
    unfinished = Path(mkdtemp(prefix=process_mark(), suffix=_UNFINISHED, dir=path.parent))
    try:
        yield unfinished
        unfinished.rename(path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def delete_unfinished(root: Path) -> None:
    """Delete the folders in `root` that a killed process left while it filled them."""
    delete_leftovers(root.glob(f".*{_UNFINISHED}"))


def remove_folder(path: Path, what: str) -> None:
    """Delete the folder with all its files. Raises ConfigInvalid where `what` (“The avatar ada”)
    cannot be removed.
    """
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise ConfigInvalid(
            f"{what} cannot be removed: {error.strerror}.", f"Look at {path}."
        ) from error
