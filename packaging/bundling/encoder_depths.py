"""Finds the code of x265 for colors of ten and twelve bits, which are two encoders of their own.

The program writes clips in eight bits; FFmpeg asks x265 whether it has the others, and says that
it does not support them where the answer is no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bundling.elf import Named, relocated, symbols
from bundling.holes import Range, offset_of

LEFT_OUT = ("x265_10bit", "x265_12bit")
"""Namespaces of those encoders."""
_ASKED = re.compile(r"x265_api_(?:get|query)")
"""Functions by which an encoder is had."""
_NONE = b"\x31\xc0\xc3"
"""Code of x86-64 that returns a null pointer."""


def other_depths(packages: Path) -> Iterator[tuple[Path, list[Range]]]:
    """Yield PyAV's x265 with the addresses of those encoders, after they were made to say that they
    are not there.
    """
    for library in packages.glob("av.libs/libx265-*"):
        functions = [each for each in symbols(library, ".dynsym") if each.is_function]
        ranges = [part for depth in LEFT_OUT for part in _refused(library, functions, depth)]
        yield library, ranges


def _refused(library: Path, functions: list[Named], depth: str) -> list[Range]:
    """Let an encoder refuse; returns the rest of its code, nothing if other code lies in it."""
    own = sorted((each for each in functions if depth in each.name), key=lambda each: each.address)
    if not own:
        return []
    start, end = own[0].address, max(each.address + each.size for each in own)
    others = [each.address for each in functions if depth not in each.name]
    started = relocated(library, ".init_array")
    if any(start <= address < end for address in (*others, *started)):
        return []
    content = bytearray(library.read_bytes())
    ranges = []
    for asked in (each for each in own if _ASKED.search(each.name)):
        at = offset_of(content, asked.address)
        content[at : at + len(_NONE)] = _NONE
        ranges.append((start, asked.address))
        start = asked.address + len(_NONE)
    library.write_bytes(content)
    return [*ranges, (start, end)]
