"""Replaces libraries that the program never uses by small ones, all of whose functions refuse.

FFmpeg and libheif are linked with x265, SVT-AV1 and libvpx, which write H.265, AV1 and VP9: 52 MB.
The program writes H.264, and FFmpeg reads the others by code of its own. GnuTLS is for films from
the network, which the program never plays. Needs a C compiler.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bundling.elf import needed

REFUSED = {"libSvtAv1Enc": 0x80001000, "libx265": 0, "libvpx": 1, "libgnutls": 0}
"""Beginnings of file names, and what all functions return: an error of SVT-AV1 and of libvpx, or
nothing; of GnuTLS, a connection that ends at once.
"""
ASKED_FIRST = "x265_api_get"
"""Beginning of the name of x265's function that returns the table of all others."""
EXPECTS_TABLE = "av.libs"
"""FFmpeg's folder: it uses the table unseen, and then finds that there is no memory for an encoder.
libheif looks whether it got one."""
_ONE = "long {name}(void) {{ return {value}L; }}\n"
_TABLE = """
static long nothing(void) { return 0; }
static struct { int numbers[8]; const char *texts[2]; long (*functions[48])(void); } table = {
  {0}, {"left out", "left out"}, {[0 ... 47] = nothing}
};
"""
"""As x265 describes itself: a number of ints, two texts, and functions, here without effect."""


def replace_unused(packages: Path) -> None:
    """Replace those libraries in the folders that wheels bring."""
    for beginning, value in REFUSED.items():
        for library in packages.glob(f"*.libs/{beginning}*.so*"):
            names = {name for user in _users(library) for name in _undefined(user)}
            wanted = sorted(names & {*_defined(library)})
            has_table = library.parent.name == EXPECTS_TABLE
            _compile(source(wanted, value, has_table=has_table), library)


def source(names: list[str], value: int, *, has_table: bool = False) -> str:
    """Return the C source of a library whose functions `names` return `value`."""
    parts = [_TABLE] if has_table else []
    for name in names:
        if has_table and name.startswith(ASKED_FIRST):
            parts.append(f"void *{name}(int depth) {{ (void)depth; return &table; }}\n")
        else:
            parts.append(_ONE.format(name=name, value=value))
    return "".join(parts)


def _users(library: Path) -> Iterator[Path]:
    """Yield the libraries beside it that need it."""
    for path in library.parent.glob("*.so*"):
        if library.name in needed(path):
            yield path


def _undefined(path: Path) -> Iterator[str]:
    return _symbols(path, defined=False)


def _defined(path: Path) -> Iterator[str]:
    return _symbols(path, defined=True)


def _symbols(path: Path, *, defined: bool) -> Iterator[str]:
    with path.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".dynsym")
        if isinstance(table, SymbolTableSection):
            for symbol in table.iter_symbols():
                if symbol.name and (symbol["st_shndx"] != "SHN_UNDEF") is defined:
                    yield symbol.name


def _compile(text: str, library: Path) -> None:
    """Compile a library in the place, and under the name, of another."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stand_in.c"
        file.write_text(text, encoding="utf-8")
        command = ["cc", "-shared", "-fPIC", "-Os", "-s", f"-Wl,-soname,{library.name}"]
        command += ["-Wl,--build-id=none", "-o", str(library), str(file)]
        subprocess.run(command, check=True)
