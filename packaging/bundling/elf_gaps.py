"""Closes the empty spaces in ELF files that were changed for pages of two megabytes.

Wheels are made by auditwheel, whose patchelf adds a segment at a multiple of the page size that
the library was linked for. Where that is 2 MiB, a library of 70 kB becomes one of 2 MB, mostly
zeros.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = 4096
"""Bytes; what x86-64 maps, whatever a library was linked for."""
X86_64 = 62
PT_LOAD = 1
SHT_NOBITS = 8
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")
SECTION = struct.Struct("<IIQQQQIIQQ")


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A part of the file that is used, and where it goes."""

    start: int
    end: int
    moved_to: int


def close_gaps(path: Path) -> int:
    """Move the used parts of an x86-64 ELF file together, each by whole pages; returns the bytes
    that were saved, 0 for any other file.
    """
    content = path.read_bytes()
    if not is_x86_64(content):
        return 0
    chunks = [*_placed(_used(content))]
    saved = len(content) - (chunks[-1].moved_to + chunks[-1].end - chunks[-1].start)
    if saved < PAGE:
        return 0
    path.write_bytes(_moved(content, chunks))
    return saved


def is_x86_64(content: bytes) -> bool:
    """Tell whether a file is an ELF file for x86-64 processors."""
    return content[:6] == b"\x7fELF\x02\x01" and HEADER.unpack_from(content)[2] == X86_64


def _used(content: bytes) -> list[tuple[int, int]]:
    """Return the ranges of the file that something refers to."""
    header = HEADER.unpack_from(content)
    segments, sections = header[5], header[6]
    ranges = [(0, HEADER.size)]
    ranges.append((segments, segments + header[9] * header[10]))
    ranges.append((sections, sections + header[11] * header[12]))
    for at in entries(segments, header[9], header[10]):
        _, _, offset, _, _, size, _, _ = SEGMENT.unpack_from(content, at)
        ranges.append((offset, offset + size))
    for at in entries(sections, header[11], header[12]):
        _, kind, _, _, offset, size, *_ = SECTION.unpack_from(content, at)
        if kind != SHT_NOBITS:
            ranges.append((offset, offset + size))
    return [(start, end) for start, end in ranges if end > start]


def _placed(ranges: Iterable[tuple[int, int]]) -> Iterator[_Chunk]:
    """Join ranges that touch, and place each behind the one before it, equally far into a page."""
    joined: list[list[int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1] + PAGE:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    free = 0
    for start, end in joined:
        place = free + (start - free) % PAGE
        yield _Chunk(start, end, place)
        free = place + end - start


def _moved(content: bytes, chunks: list[_Chunk]) -> bytes:
    """Return the file with its chunks at their new places, and all that names a place corrected."""
    result = bytearray(chunks[-1].moved_to + chunks[-1].end - chunks[-1].start)
    for each in chunks:
        size = each.end - each.start
        result[each.moved_to : each.moved_to + size] = content[each.start : each.end]

    def new_place(offset: int) -> int:
        before = [each for each in chunks if each.start <= offset]
        return offset - before[-1].start + before[-1].moved_to

    header = list(HEADER.unpack_from(content))
    header[5], header[6] = new_place(header[5]), new_place(header[6])
    HEADER.pack_into(result, 0, *header)
    for at in entries(header[5], header[9], header[10]):
        segment = list(SEGMENT.unpack_from(result, at))
        segment[2] = new_place(segment[2])
        if segment[0] == PT_LOAD:
            segment[7] = PAGE
        SEGMENT.pack_into(result, at, *segment)
    for at in entries(header[6], header[11], header[12]):
        section = list(SECTION.unpack_from(result, at))
        section[4] = new_place(section[4])
        SECTION.pack_into(result, at, *section)
    return bytes(result)


def entries(start: int, size: int, count: int) -> Iterator[int]:
    """Yield the places of a table's entries."""
    return iter(range(start, start + size * count, size)) if count else iter(())
