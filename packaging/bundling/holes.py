"""Leaves whole pages out of ELF files that are never read there, such as code for other machines.

The segments around them are divided, and all addresses keep their meaning. Read-only data stays in
memory as zeros; where code was, nothing is mapped. The table of segments, which becomes longer,
moves to the end of the file, from which the loader copies it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bundling.elf_gaps import HEADER, PAGE, PT_LOAD, SECTION, SEGMENT, entries, is_x86_64

Range = tuple[int, int]
"""The first address of a part of memory, and the first behind it."""
_PT_PHDR, _PT_GNU_EH_FRAME, _PT_GNU_RELRO = 6, 0x6474E550, 0x6474E552
_EXECUTABLE, _WRITABLE = 1, 2
_SYMBOLS, _STRINGS = 2, 3
"""Types of sections."""


@dataclass(frozen=True, slots=True)
class Segment:
    """An entry of the table of segments."""

    kind: int
    flags: int
    offset: int
    address: int
    physical: int
    size: int
    memory: int
    alignment: int

    @property
    def end(self) -> int:
        """The address behind its last byte in the file."""
        return self.address + self.size

    def packed(self) -> bytes:
        """Return the entry as it stands in the file."""
        return SEGMENT.pack(
            self.kind, self.flags, self.offset, self.address,
            self.physical, self.size, self.memory, self.alignment,
        )  # fmt: skip

    def part(self, start: int, end: int, memory_end: int) -> Segment:
        """Return what lies from `start` to `end`, filled up with zeros to `memory_end`."""
        by = start - self.address
        return replace(
            self,
            offset=self.offset + by,
            address=start,
            physical=self.physical + by,
            size=end - start,
            memory=memory_end - start,
        )


def cut_holes(path: Path, ranges: Iterable[Range]) -> None:
    """Leave ranges of addresses out of a file for x86-64; any other file stays as it is.
    close_gaps makes the file smaller afterwards.
    """
    content = path.read_bytes()
    if is_x86_64(content):
        path.write_bytes(without(content, ranges))


def segments_of(content: bytes | bytearray) -> list[Segment]:
    """Return the table of segments of an ELF file."""
    header = HEADER.unpack_from(content)
    places = entries(header[5], header[9], header[10])
    return [Segment(*SEGMENT.unpack_from(content, at)) for at in places]


def offset_of(content: bytes | bytearray, address: int) -> int:
    """Return where the byte of an address lies in the file; LookupError if it is not there."""
    for each in segments_of(content):
        if each.kind == PT_LOAD and each.address <= address < each.end:
            return address - each.address + each.offset
    raise LookupError(f"no segment holds the address {address:#x}")


def without(content: bytes, ranges: Iterable[Range]) -> bytes:
    """Return an ELF file that has zeros in some ranges, whose whole pages belong to none of its
    segments and sections; ValueError if they lie in no loaded segment, or in one that is written,
    or are part of something else.
    """
    before, result = segments_of(content), bytearray(content)
    ranges = [each for each in ranges if each[0] < each[1]]
    for start, end in ranges:
        _check(start, end, before)
        at = offset_of(content, start)
        result[at : at + end - start] = bytes(end - start)
    holes = [*_whole_pages(ranges)]
    if not holes:
        return bytes(result)
    after = [part for each in before for part in _divided(each, holes)]
    _shorten_sections(result, holes)
    _write_table(result, after)
    return bytes(result)


def _whole_pages(ranges: Iterable[Range]) -> Iterator[Range]:
    """Yield the ranges without the pages of which they hold only a part, joined, in order."""
    last: Range | None = None
    for start, end in sorted(ranges):
        hole = -(-start // PAGE) * PAGE, end // PAGE * PAGE
        if hole[0] >= hole[1]:
            continue
        if last is not None and hole[0] <= last[1]:
            last = last[0], max(last[1], hole[1])
            continue
        if last is not None:
            yield last
        last = hole
    if last is not None:
        yield last


def _check(start: int, end: int, segments: list[Segment]) -> None:
    touching = [each for each in segments if each.address < end and start < each.end]
    loaded = [each for each in touching if each.kind == PT_LOAD]
    others = {each.kind for each in touching} - {PT_LOAD, _PT_GNU_RELRO, _PT_GNU_EH_FRAME}
    held = any(each.address <= start and end <= each.end for each in loaded)
    if not held or others or any(each.flags & _WRITABLE for each in loaded):
        raise ValueError(f"no read-only segment holds just the bytes from {start:#x} to {end:#x}")


def _divided(segment: Segment, holes: list[Range]) -> Iterator[Segment]:
    """Yield the parts of a segment between the holes in it; nothing for the table of segments
    itself, and for that of stack frames, if that is left out.
    """
    if segment.kind == _PT_PHDR:
        return
    if segment.kind != PT_LOAD:
        if not any(start < segment.end and segment.address < end for start, end in holes):
            yield segment
        return
    start, segment = segment.address, replace(segment, alignment=PAGE)
    for hole in holes:
        if segment.address <= hole[0] < segment.end:
            zeros_to = hole[0] if segment.flags & _EXECUTABLE else hole[1]
            if zeros_to > start:
                yield segment.part(start, hole[0], zeros_to)
            start = hole[1]
    if segment.address + segment.memory > start:
        yield segment.part(start, segment.end, segment.address + segment.memory)


def _shorten_sections(content: bytearray, holes: list[Range]) -> None:
    """Let each section of the file end before the first hole in it, and symbols for debuggers at
    once: strip, which takes them off others, damages some files that were changed by patchelf.
    """
    header = HEADER.unpack_from(content)
    for index, at in enumerate(entries(header[6], header[11], header[12])):
        section = [*SECTION.unpack_from(content, at)]
        kind, start, size = section[1], section[3], section[5]
        touching = [hole for hole in holes if hole[0] < start + size and start < hole[1]]
        if not start and kind in (_SYMBOLS, _STRINGS) and index != header[13]:
            section[5] = 0
        elif start and touching:
            section[5] = min(max(hole[0], start) for hole in touching) - start
        SECTION.pack_into(content, at, *section)


def _write_table(content: bytearray, segments: list[Segment]) -> None:
    """Append the table of segments on a page of its own: the loader takes one on the last page of
    a segment for a part of that, and may overwrite it.
    """
    content.extend(bytes(-len(content) % PAGE))
    header = [*HEADER.unpack_from(content)]
    header[5], header[10] = len(content), len(segments)
    HEADER.pack_into(content, 0, *header)
    for each in segments:
        content.extend(each.packed())
