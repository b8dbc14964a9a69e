"""Finds the libraries that are not Python inside installed wheels, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

TABLE = Path(__file__).parents[1] / "native_libraries.yaml"
PARTS_OF_QT = {"plugins", "qml"}
"""Folders of Qt's plugins and modules."""


@dataclass(frozen=True, slots=True)
class NativeLibrary:
    """A library of others, as the table describes it."""

    name: str
    license: str
    """SPDX expression."""
    files: tuple[str, ...]
    """Beginnings of the names of its files."""


def read_table(path: Path = TABLE) -> list[NativeLibrary]:
    """Return the libraries that the table lists."""
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [
        NativeLibrary(name, entry["license"], tuple(entry["files"]))
        for name, entry in table.items()
    ]


def library_files(packages: Path) -> list[Path]:
    """Return the files of libraries below the folder of the packages: `lib*.so*`, links left out,
    and neither compiled Python modules nor plugins of Qt.
    """
    return sorted(
        path
        for path in packages.rglob("lib*.so*")
        if path.is_file()
        and not path.is_symlink()
        and ".cpython-" not in path.name
        and not PARTS_OF_QT & {*path.parts}
    )


def described(file: Path, table: Iterable[NativeLibrary]) -> NativeLibrary:
    """Return what the table says of a file; LookupError if it does not know it."""
    for library in table:
        if file.name.startswith(library.files):
            return library
    raise LookupError(f"packaging/native_libraries.yaml has no entry for {file.name}.")
