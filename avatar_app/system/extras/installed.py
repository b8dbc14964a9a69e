"""The extras on this computer: which packages they hold, and how an engine's process gets them.

Each lies in a folder of its own with a record; a folder without one, or made for another Python, is
left alone, so that a broken extra costs its engine and nothing else.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid, choose_one_of

RECORD = "extra.json"
PACKAGES = "packages"
"""The folder of the packages, in that of the extra."""
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
"""Compiled packages fit one minor version of Python."""


@dataclass(frozen=True, slots=True)
class InstalledExtra:
    """An extra that is installed whole."""

    name: str
    folder: Path
    version: str
    """Of the program that installed it."""
    python: str
    """Such as `3.11`."""
    packages: tuple[str, ...]
    """What was installed, such as `torch 2.13.0`."""
    bytes: int

    @property
    def is_usable(self) -> bool:
        """Whether this Python can import it."""
        return self.python == PYTHON


def installed_extras(root: Path) -> tuple[InstalledExtra, ...]:
    """Return the extras in the folder `root`, by name, usable or not."""
    if not root.is_dir():
        return ()
    found = (_read(path.parent) for path in sorted(root.glob(f"[!.]*/{RECORD}")))
    return tuple(each for each in found if each is not None)


def write_record(extra: InstalledExtra) -> None:
    """Describe the extra in its folder; raises OSError."""
    content = asdict(extra) | {"folder": ""}
    (extra.folder / RECORD).write_text(json.dumps(content, indent=1), encoding="utf-8")


def is_provided(distribution: str, root: Path) -> bool:
    """Return whether a usable extra holds the package."""
    return any(True for _ in _folders_with([distribution], root))


def is_part_of_program(packages: Iterable[str]) -> bool:
    """Return whether the program's own environment holds all of them."""
    return all(any(True for _ in metadata.distributions(name=name)) for name in packages)


def add_to_path(packages: Iterable[str], root: Path) -> None:
    """Let this process import the packages from the extras that hold them, behind what the program
    itself has: its versions win, and pip has chosen the extra's to fit them."""
    for folder in _folders_with(packages, root):
        if folder not in sys.path:
            sys.path.append(folder)


def remove_extra(name: str, root: Path) -> InstalledExtra:
    """Delete an extra and return what it was; raises ConfigInvalid if it is unknown or cannot be
    deleted."""
    extras = {each.name: each for each in installed_extras(root)}
    if name not in extras:
        hint = choose_one_of(extras) or "No extra is installed."
        raise ConfigInvalid(f"The extra {name!r} is not installed.", hint)
    leaving = root / f".{name}.removed"
    try:
        shutil.rmtree(leaving, ignore_errors=True)
        extras[name].folder.rename(leaving)
        shutil.rmtree(leaving)
    except OSError as error:
        raise ConfigInvalid(
            f"{extras[name].folder} cannot be deleted: {error.strerror}.",
            "Close the program that uses it, then try again.",
        ) from error
    return extras[name]


def _folders_with(packages: Iterable[str], root: Path) -> list[str]:
    wanted, found = set(packages), []
    for extra in installed_extras(root):
        folder = str(extra.folder / PACKAGES)
        if extra.is_usable and any(_holds(folder, name) for name in wanted):
            found.append(folder)
    return found


def _holds(folder: str, distribution: str) -> bool:
    return any(True for _ in metadata.distributions(name=distribution, path=[folder]))


def _read(folder: Path) -> InstalledExtra | None:
    try:
        written = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        packages = tuple(map(str, written["packages"]))
        return InstalledExtra(
            folder.name,
            folder,
            str(written["version"]),
            str(written["python"]),
            packages,
            int(written["bytes"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
