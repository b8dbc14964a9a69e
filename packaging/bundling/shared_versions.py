"""Lets packages share a library that their wheels bring in the same version, such as FFmpeg's.

auditwheel renames each copy by a hash of its content, so the loader takes them for different ones.
A link has the other name; what the library itself needs is linked beside it, since it looks there.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bundling.elf import exported, needed

_COPY = re.compile(r"(lib.+)-[0-9a-f]{8}(\.so(?:\.\d+){3,})")
"""Name and full version of a library in a wheel, with the hash between them."""


def share_versions(packages: Path) -> int:
    """Replace libraries by links to another package's of the same version that has all of their
    functions; returns the bytes that were saved.
    """
    copies: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for path in sorted(packages.glob("*.libs/*.so.*")):
        if (found := _COPY.fullmatch(path.name)) and not path.is_symlink():
            copies[found.groups()].append(path)
    saved = 0
    for paths in copies.values():
        kept = max(paths, key=lambda path: len(exported(path)))
        for path in paths:
            if path.parent != kept.parent and exported(path) <= exported(kept):
                saved += path.stat().st_size
                path.unlink()
                _link(kept, path)
    return saved


def _link(library: Path, place: Path) -> None:
    """Link a library to a place in another folder, and there all that it needs of its own."""
    for path in _needs(library):
        if not (beside := place.parent / path.name).exists():
            beside.symlink_to(os.path.relpath(path, place.parent))
    place.symlink_to(os.path.relpath(library, place.parent))


def _needs(library: Path) -> Iterator[Path]:
    """Yield the libraries in its folder that a library needs, directly or through others."""
    waiting, seen = needed(library), set[str]()
    while waiting:
        name = waiting.pop()
        path = library.parent / name
        if name not in seen and path.exists():
            seen.add(name)
            waiting |= needed(path) - seen
            yield path
