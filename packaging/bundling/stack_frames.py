"""Finds the tables of stack frames in libraries in C and Fortran.

Exceptions of C++ and Rust are passed on by them; none passes through these libraries, so that only
a debugger would read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from elftools.elf.elffile import ELFFile

from bundling.holes import Range

LIBRARIES = (
    "av.libs/libavcodec-*",
    "av.libs/libavfilter-*",
    "av.libs/libavformat-*",
    "av.libs/libavutil-*",
    "av.libs/libswscale-*",
    "numpy.libs/libscipy_openblas*",
)
_TABLES = (".eh_frame_hdr", ".eh_frame")


def tables(packages: Path) -> Iterator[tuple[Path, list[Range]]]:
    """Yield those libraries with the addresses of their tables."""
    for pattern in LIBRARIES:
        for library in packages.glob(pattern):
            with library.open("rb") as file:
                found = [ELFFile(file).get_section_by_name(name) for name in _TABLES]
                places = [(each["sh_addr"], each["sh_size"]) for each in found if each is not None]
            if not library.is_symlink():
                yield library, [(start, start + size) for start, size in places]
