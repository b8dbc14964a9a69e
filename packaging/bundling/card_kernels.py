"""Leaves out of CTranslate2 those programs for NVIDIA cards that other ones of it replace.

It has each program for seven kinds of cards, and once as source for newer ones. What is compiled
for compute capability X.Y runs on every card X.Z with Z of Y or more, and 5.3 is a kind of board
computers alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from bundling.holes import Range

SECTION = ".nv_fatbin"
BOARDS = {53, 62, 72, 87}
"""Compute capabilities of NVIDIA's Tegra, which has ARM's processors."""
_BOX = struct.Struct("<IHHQ")
"""Magic number, version, size of this header, bytes of the programs that follow."""
_PROGRAM = struct.Struct("<HHIQIIHHI")
"""Kind, version, size of this header, bytes that follow, …, compute capability times ten."""
_MAGIC = 0xBA55ED50
_COMPILED = 2
"""The kind of a program in machine code; sources for newer cards are of kind 1."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program for one kind of cards."""

    start: int
    end: int
    is_compiled: bool
    capability: int
    """Times ten: 86 is 8.6."""


def replaced_programs(packages: Path) -> Iterator[tuple[Path, list[Range]]]:
    """Yield CTranslate2's library with the addresses that are free once the programs that are
    needed were moved together.
    """
    for library in packages.glob("ctranslate2.libs/libctranslate2-*"):
        with library.open("rb") as file:
            section = ELFFile(file).get_section_by_name(SECTION)
            if section is None:
                continue
            offset, size = section["sh_offset"], section["sh_size"]
            by = section["sh_addr"] - offset
        content = bytearray(library.read_bytes())
        free = [*move_together(content, offset, offset + size)]
        library.write_bytes(content)
        yield library, [(start + by, end + by) for start, end in free]


def move_together(content: bytearray, start: int, end: int) -> Iterator[Range]:
    """Rewrite each box of programs from `start` to `end` with those that are needed; yields what is
    free behind them.
    """
    while start + _BOX.size <= end:
        magic, version, header, size = _BOX.unpack_from(content, start)
        if magic != _MAGIC:
            start += 8
            continue
        first, behind = start + header, start + header + size
        programs = [*_programs(content, first, behind)]
        needed = {*needed_capabilities(p.capability for p in programs if p.is_compiled)}
        kept = b"".join(
            content[each.start : each.end]
            for each in programs
            if not each.is_compiled or each.capability in needed
        )
        _BOX.pack_into(content, start, magic, version, header, len(kept))
        content[first : first + len(kept)] = kept
        yield first + len(kept), behind
        start = behind


def needed_capabilities(capabilities: Iterable[int]) -> Iterator[int]:
    """Yield the least compute capability of each generation of cards."""
    generations = set()
    for each in sorted(set(capabilities) - BOARDS):
        if each // 10 not in generations:
            generations.add(each // 10)
            yield each


def _programs(content: bytearray, start: int, end: int) -> Iterator[Program]:
    while start < end:
        kind, _, header, size, *_, capability = _PROGRAM.unpack_from(content, start)
        yield Program(start, start + header + size, kind == _COMPILED, capability)
        start += header + size
