"""Takes the data of ICU out of Skia, which lays out text by it; the program only draws shapes.

The pages stay in memory as zeros, in the place of a file's, so that all addresses keep their
meaning; ICU refuses data that does not begin as its own.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from pathlib import Path

from bundling.elf_gaps import HEADER, PAGE, PT_LOAD, SECTION, SEGMENT, entries, is_x86_64

PT_NOTE = 4
_FORMAT = b"CmnD"
"""What follows the magic number in a package of ICU's data."""
_TO_FORMAT = 12
_MAGIC = (0xDA, 0x27)
_READ_ONLY = 4


@dataclass(frozen=True, slots=True)
class _Segment:
    """An entry of the table of segments."""

    kind: int
    flags: int
    offset: int
    address: int
    physical: int
    size: int
    memory: int
    alignment: int

    @classmethod
    def read(cls, content: bytes | bytearray, at: int) -> _Segment:
        return cls(*SEGMENT.unpack_from(content, at))

    def write(self, content: bytearray, at: int) -> None:
        SEGMENT.pack_into(
            content, at, self.kind, self.flags, self.offset, self.address,
            self.physical, self.size, self.memory, self.alignment,
        )  # fmt: skip


def leave_out_text_data(packages: Path) -> None:
    """Leave ICU's data out of Skia's module. close_gaps afterwards makes the file smaller."""
    for module in packages.glob("skia.*.so"):
        content = module.read_bytes()
        if is_x86_64(content) and (found := icu_data(content)) is not None:
            module.write_bytes(without(content, *found))


def icu_data(content: bytes) -> tuple[int, int] | None:
    """Return where a package of ICU's data begins, and where its last item does."""
    at = -1
    while (at := content.find(_FORMAT, at + 1)) >= 0:
        start = at - _TO_FORMAT
        if start >= 0 and (*content[start + 2 : start + 4],) == _MAGIC:
            (header,) = struct.unpack_from("<H", content, start)
            (count,) = struct.unpack_from("<I", content, start + header)
            _, last = struct.unpack_from("<II", content, start + header + 8 * count - 4)
            return start, start + header + last
    return None


def without(content: bytes, start: int, end: int) -> bytes:
    """Return an ELF file whose read-only bytes from `start` to `end` are zeros, which are no longer
    part of it as far as they are whole pages; ValueError if they lie in no such segment.
    """
    result = bytearray(content)
    result[start:end] = bytes(end - start)
    start, end = -(-start // PAGE) * PAGE, end // PAGE * PAGE
    header = HEADER.unpack_from(content)
    places = [*entries(header[5], header[9], header[10])]
    segments = [_Segment.read(content, at) for at in places]
    parts = [each for each in segments if _holds(each, start, end)]
    spare = [each for each in segments if each.kind == PT_NOTE]
    if not parts or not spare:
        raise ValueError(f"no read-only segment holds the bytes from {start} to {end}")
    segments[segments.index(spare[0])] = replace(_after(parts[0], end), kind=PT_LOAD)
    segments[segments.index(parts[0])] = _before(parts[0], start, end)
    for at, each in zip(places, _in_order(segments), strict=True):
        each.write(result, at)
    for at in entries(header[6], header[11], header[12]):
        section = [*SECTION.unpack_from(content, at)]
        if section[4] <= start and end <= section[4] + section[5]:
            section[5] = start - section[4]
            SECTION.pack_into(result, at, *section)
    return bytes(result)


def _holds(segment: _Segment, start: int, end: int) -> bool:
    inside = segment.offset <= start < end <= segment.offset + segment.size
    return segment.kind == PT_LOAD and segment.flags == _READ_ONLY and inside


def _before(segment: _Segment, start: int, end: int) -> _Segment:
    """Return the part up to `start`, which memory continues with zeros up to `end`."""
    return replace(segment, size=start - segment.offset, memory=end - segment.offset)


def _after(segment: _Segment, end: int) -> _Segment:
    """Return the part from `end` on."""
    by = end - segment.offset
    return replace(
        segment,
        offset=end,
        address=segment.address + by,
        physical=segment.physical + by,
        size=segment.size - by,
        memory=segment.memory - by,
    )


def _in_order(segments: list[_Segment]) -> list[_Segment]:
    """Return the segments with those that are loaded by rising address, as the loader expects."""
    loaded = iter(sorted((s for s in segments if s.kind == PT_LOAD), key=lambda s: s.address))
    return [next(loaded) if each.kind == PT_LOAD else each for each in segments]
