"""Leaves only the bytecode of modules that others published under licenses that permit it.

It concerns packages in the archive of zipped.py as well as those that cannot be packed, because
they have compiled parts or files of data. A traceback names their lines without showing them. The
program's own sources stay, and those of packages whose license asks for sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from bundling.stated import stated_license

ASKS_FOR_SOURCES = re.compile("GPL|General Public|MPL|Mozilla|EPL|CDDL")
"""Parts of the names of such licenses."""
READ = {"anyio", "avatar_app", "cv2"}
"""Packages whose sources are read: by the program's users, and the others' by themselves."""


def leave_out(packages: Path, names: Iterable[str]) -> int:
    """Put the bytecode of modules into their sources' place, in those packages that are in the
    folder; returns the bytes that were saved. Modules without bytecode keep their source.
    """
    saved = 0
    for package in sorted(names):
        for source in sorted((packages / package).rglob("*.py")):
            bytecode = next(source.parent.glob(f"__pycache__/{source.stem}.*.pyc"), None)
            if bytecode is not None:
                saved += source.stat().st_size
                bytecode.replace(source.with_suffix(".pyc"))
                source.unlink()
    for cache in packages.rglob("__pycache__"):
        if not any(cache.iterdir()):
            cache.rmdir()
    return saved


def permissive(packages: Path) -> set[str]:
    """Return the names of the folders in the folder of the packages whose sources may go."""
    asking = {*READ}
    every: set[str] = set()
    for distribution in metadata.distributions(path=[str(packages)]):
        folders = {*_folders(distribution)}
        every |= folders
        if ASKS_FOR_SOURCES.search(stated_license(distribution.metadata)):
            asking |= folders
    return {name for name in every - asking if (packages / name / "__init__.py").is_file()}


def _folders(distribution: metadata.Distribution) -> Iterator[str]:
    """Yield the first part of the path of each of its modules."""
    for file in distribution.files or ():
        if file.suffix == ".py" and len(file.parts) > 1 and file.parts[0] != "..":
            yield file.parts[0]
