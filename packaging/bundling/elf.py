"""Reads and changes ELF files: what they need, where they look for it, their symbols."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

MAGIC = b"\x7fELF"
LIBRARIES = ("PySide6/Qt/lib", "*.libs")
"""Folders of libraries that others in the bundle load by name."""


@dataclass(frozen=True, slots=True)
class Named:
    """A function or a piece of data of an ELF file."""

    name: str
    address: int
    size: int
    is_function: bool


def elf_files(folder: Path) -> Iterator[Path]:
    """Yield the ELF files in a folder and below it, links left out, in order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and is_elf(path):
            yield path


def is_elf(path: Path) -> bool:
    """Tell whether a file begins as ELF files do."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def needed(path: Path) -> set[str]:
    """Return the names of the shared libraries that an ELF file needs (DT_NEEDED); none if it is
    damaged or no dynamic one.
    """
    with path.open("rb") as file:
        try:
            sections = ELFFile(file).iter_sections()
            return {
                tag.needed
                for section in sections
                if isinstance(section, DynamicSection)
                for tag in section.iter_tags("DT_NEEDED")
            }
        except ELFError:
            return set()


@cache
def exported(path: Path) -> frozenset[str]:
    """Return the names of the functions and data that an ELF file offers to others."""
    with path.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".dynsym")
        if not isinstance(table, SymbolTableSection):
            return frozenset()
        return frozenset(
            symbol.name
            for symbol in table.iter_symbols()
            if symbol.name and symbol["st_shndx"] != "SHN_UNDEF"
        )


def symbols(path: Path, table: str = ".symtab") -> list[Named]:
    """Return what a table of symbols of an ELF file names in the file itself; `.dynsym` is the one
    that is left without those for debuggers.
    """
    with path.open("rb") as file:
        section = ELFFile(file).get_section_by_name(table)
        if not isinstance(section, SymbolTableSection):
            return []
        return [
            Named(each.name, each["st_value"], each["st_size"], each["st_info"].type == "STT_FUNC")
            for each in section.iter_symbols()
            if each.name and each["st_shndx"] != "SHN_UNDEF"
        ]


def relocated(path: Path, section: str) -> set[int]:
    """Return the addresses that the loader will write into a section of an ELF file, which say
    where something else of the file lies.
    """
    with path.open("rb") as file:
        elf = ELFFile(file)
        place, table = elf.get_section_by_name(section), elf.get_section_by_name(".rela.dyn")
        if place is None or not isinstance(table, RelocationSection):
            return set()
        start, end = place["sh_addr"], place["sh_addr"] + place["sh_size"]
        names = elf.get_section(table["sh_link"])
        return {
            each["r_addend"] + names.get_symbol(each["r_info_sym"])["st_value"]
            for each in table.iter_relocations()
            if start <= each["r_offset"] < end
        }


def unreached_libraries(packages: Path) -> list[Path]:
    """Return the shared libraries in LIBRARIES that nothing else in the bundle needs, directly or
    through other libraries, and the links to them.
    """
    spare: dict[str, Path] = {}
    roots: list[Path] = []
    folders = [folder for pattern in LIBRARIES for folder in packages.glob(pattern)]
    links = [path for folder in folders for path in folder.iterdir() if path.is_symlink()]
    aliases = {path.name: path.resolve().name for path in links}
    for path in elf_files(packages):
        if any(path.is_relative_to(folder) for folder in folders):
            spare[path.name] = path
        else:
            roots.append(path)
    waiting = {name for root in roots for name in needed(root)}
    while waiting:
        name = waiting.pop()
        path = spare.pop(aliases.get(name, name), None)  # type: ignore[assignment]
        if path is not None:
            waiting |= needed(path)
    return sorted([*spare.values(), *(path for path in links if path.resolve().name in spare)])


def closure(users: Iterable[Path], *, without: tuple[str, ...]) -> list[Path]:
    """Return the system's libraries that some files need, and those that these need, sorted.

    Names that begin as one of `without` are left out, and so is what only they need.
    """
    found: dict[str, Path] = {}
    waiting = {name for user in users for name in needed(user)}
    while waiting:
        name = waiting.pop()
        if name in found or name.startswith(without):
            continue
        path = system_library(name)
        if path is not None:
            found[name] = path
            waiting |= needed(path)
    return [found[name] for name in sorted(found)]


@cache
def _library_cache() -> dict[str, Path]:
    """The dynamic loader's own list: name and path of each library of this machine's kind."""
    command = ["/sbin/ldconfig", "-p"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    kind = (
        "x86-64" if ctypes.sizeof(ctypes.c_void_p) == 8 and os.uname().machine == "x86_64" else ""
    )
    libraries: dict[str, Path] = {}
    for line in lines[1:]:
        name, _, path = line.strip().partition(" => ")
        if path and kind in name:
            libraries.setdefault(name.split(" ")[0], Path(path))
    return libraries


def system_library(name: str) -> Path | None:
    """Return the path of a shared library of this system, under its name there."""
    return _library_cache().get(name)


def set_search_path(path: Path, folder: Path) -> None:
    """Let an ELF file look for its libraries in `folder`, relative to itself (RUNPATH)."""
    relative = os.path.relpath(folder, path.parent)
    own = "$ORIGIN" if relative == "." else f"$ORIGIN/{relative}"
    subprocess.run(["patchelf", "--set-rpath", own, str(path)], check=True)


def strip_symbols(path: Path, *, least: int = 20_000) -> int:
    """Remove the symbols that only a debugger reads, where that saves `least` bytes or more and the
    file can still be loaded (`strip` damages some that were changed by patchelf); returns the bytes
    that were saved.
    """
    stripped = path.with_name(f"{path.name}.stripped")
    command = ["strip", "--strip-unneeded", "-o", str(stripped), str(path)]
    done = subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0
    saved = path.stat().st_size - stripped.stat().st_size if done else 0
    if saved >= least and is_loadable(stripped):
        shutil.copymode(path, stripped)
        stripped.replace(path)
        return saved
    stripped.unlink(missing_ok=True)
    return 0


def is_loadable(path: Path) -> bool:
    """Tell whether each segment lies in the file as the loader will map it (page by page)."""
    with path.open("rb") as file:
        return all(
            (segment["p_offset"] - segment["p_vaddr"]) % segment["p_align"] == 0
            for segment in ELFFile(file).iter_segments("PT_LOAD")
        )
