"""Finds the data in libraries that the program never has read: what is for text and for browsers.

Skia lays out text by the data of ICU, and the program only draws shapes; llama.cpp's server has a
page for browsers, and the program switches it off. ICU refuses data that does not begin as its own.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

from bundling.elf import symbols
from bundling.elf_gaps import PT_LOAD
from bundling.holes import Range, segments_of

_FORMAT = b"CmnD"
"""What follows the magic number in a package of ICU's data."""
_TO_FORMAT = 12
_MAGIC = (0xDA, 0x27)
_FILE_OF_PAGE = re.compile(r"_ZL\d+asset_\d+")
"""How llama.cpp's compiler calls the files of its page."""


def text_data(packages: Path) -> Iterator[tuple[Path, list[Range]]]:
    """Yield Skia's module with the addresses of ICU's data."""
    for module in packages.glob("skia.*.so"):
        content = module.read_bytes()
        if (found := icu_data(content)) is not None:
            start, end = found
            by = next(
                each.address - each.offset
                for each in segments_of(content)
                if each.kind == PT_LOAD and each.offset <= start < each.offset + each.size
            )
            yield module, [(start + by, end + by)]


def pages(packages: Path) -> Iterator[tuple[Path, list[Range]]]:
    """Yield llama.cpp's module, while it has its symbols, with the addresses of the page."""
    for module in packages.glob("xllamacpp/xllamacpp.*.so"):
        files = [each for each in symbols(module) if _FILE_OF_PAGE.fullmatch(each.name)]
        yield module, [(each.address, each.address + each.size) for each in files]


def icu_data(content: bytes) -> tuple[int, int] | None:
    """Return where a package of ICU's data begins in a file, and where its last item does."""
    at = -1
    while (at := content.find(_FORMAT, at + 1)) >= 0:
        start = at - _TO_FORMAT
        if start >= 0 and (*content[start + 2 : start + 4],) == _MAGIC:
            (header,) = struct.unpack_from("<H", content, start)
            (count,) = struct.unpack_from("<I", content, start + header)
            _, last = struct.unpack_from("<II", content, start + header + 8 * count - 4)
            return start, start + header + last
    return None
