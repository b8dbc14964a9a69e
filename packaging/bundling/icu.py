"""Reduces the data of ICU, which Qt brings for 800 locales, to the program's languages.

Qt formats numbers and dates by tables of its own; of ICU it uses sorting, time zones and rare
encodings, none of which the program asks for. What stays lets them work in its languages all the
same. Needs icupkg and a C compiler.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bundling.pruning import LANGUAGES

_LOCALE = re.compile(r"(?:coll/)?([a-z]{2,3})(?:_\w+)?\.res")
_UNUSED = re.compile(
    r"(?:brkitr|curr|lang|rbnf|region|translit|unit|zone)/.+|.+\.(?:cnv|spp)|unames\.icu"
)
"""Word breaks, names of currencies, languages, units and zones, numbers in words, other encodings,
changes of script, names of characters.
"""
_INDEX = "res_index.res"
"""The list of the locales in a folder."""
_SOURCE = """
.section .rodata
.balign 16
.globl {symbol}
.type {symbol}, @object
.size {symbol}, {size}
{symbol}: .incbin "{file}"
.section .note.GNU-stack,"",@progbits
"""


def reduce_data(packages: Path) -> None:
    """Rewrite the data library of ICU beside Qt's libraries, if it is there."""
    for library in packages.glob("PySide6/Qt/lib/libicudata.so.*"):
        with tempfile.TemporaryDirectory() as folder:
            symbol, data = _data(library)
            file = Path(folder) / f"{symbol.removesuffix('_dat')}l.dat"
            file.write_bytes(data)
            reduced = _without_unused(file)
            _link(symbol, reduced, library)


def unused_items(items: list[str]) -> list[str]:
    """Return those items of ICU's data that no language of the program needs."""
    return [item for item in items if _is_unused(item)]


def _is_unused(item: str) -> bool:
    if _UNUSED.fullmatch(item):
        return True
    locale = _LOCALE.fullmatch(item)
    return locale is not None and not item.endswith(_INDEX) and locale[1] not in LANGUAGES


def _data(library: Path) -> tuple[str, bytes]:
    """Return the name and the content of the data in the library."""
    with library.open("rb") as file:
        elf = ELFFile(file)
        for table in elf.iter_sections():
            for symbol in table.iter_symbols() if isinstance(table, SymbolTableSection) else ():
                if re.fullmatch(r"icudt\d+_dat", symbol.name):
                    start = next(iter(elf.address_offsets(symbol["st_value"])))
                    file.seek(start)
                    return symbol.name, file.read(symbol["st_size"] or -1)
    raise LookupError(f"{library} has no data of ICU.")


def _icupkg() -> str:
    """Return the path of icupkg, which lies where only root looks for programs."""
    return shutil.which("icupkg", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "icupkg"


def _without_unused(file: Path) -> Path:
    program = _icupkg()
    command = [program, "--list", str(file)]
    items = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    unused = file.with_name("unused.lst")
    unused.write_text("\n".join(unused_items(items)), encoding="utf-8")
    reduced = file.parent / "reduced" / file.name  # its name is the beginning of all items' names
    reduced.parent.mkdir()
    subprocess.run([program, "--remove", str(unused), str(file), str(reduced)], check=True)
    return reduced


def _link(symbol: str, data: Path, library: Path) -> None:
    """Make a library that holds nothing but the data."""
    source = data.with_suffix(".s")
    text = _SOURCE.format(symbol=symbol, size=data.stat().st_size, file=data)
    source.write_text(text, encoding="utf-8")
    command = ["cc", "-shared", "-nostdlib", f"-Wl,-soname,{library.name}", "-Wl,--build-id=none"]
    subprocess.run([*command, "-o", str(library), str(source)], check=True)
