"""Finds the system libraries that a bundle needs, and the Debian packages that have them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from bundling.elf import elf_files, needed, system_library

OPTIONAL = ("libqgtk3.so",)
"""Plugins that are used where their libraries are, and left alone elsewhere."""


def missing_libraries(bundle: Path) -> set[str]:
    """Return the names of libraries that files of the bundle need and the bundle has not."""
    files = [*elf_files(bundle)]
    own = {path.name for path in files} | {
        link.name for link in bundle.rglob("*.so*") if link.is_symlink()
    }
    certain = [path for path in files if path.name not in OPTIONAL]
    return {name for path in certain for name in needed(path)} - own


def packages_of(libraries: Iterable[str]) -> set[str]:
    """Return the Debian packages of this machine that have some libraries.

    LookupError names the libraries that no installed package has.
    """
    paths = {name: system_library(name) for name in libraries}
    unknown = sorted(name for name, path in paths.items() if path is None)
    if unknown:
        raise LookupError(f"No library of this system is called {', '.join(unknown)}.")
    return {_package_of(path) for path in paths.values() if path is not None}


def _package_of(path: Path) -> str:
    for candidate in (path, path.resolve(), Path("/usr", *path.parts[1:])):
        command = ["dpkg-query", "--search", str(candidate)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            return answer.stdout.split(":", 1)[0]
    raise LookupError(f"No package has {path}.")


def alternatives(package: str, listed: Iterable[str]) -> str:
    """Return a dependency on a package under each of its names: `libfoo1 | libfoo1t64`.

    `listed` holds names as in apt-run.txt, `libfoo1|libfoo1t64` for those that were renamed.
    """
    for line in listed:
        names = line.split("|")
        if package in names:
            return " | ".join(names)
    return package
