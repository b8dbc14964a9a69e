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
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.sections import Symbol, SymbolTableSection

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
            versions: dict[str, str] = {}
            for user in _users(library):
                versions |= _versions(user, library.name)
            _compile(source(wanted, value, has_table=has_table), versions, library)


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


def _versions(user: Path, library: str) -> dict[str, str]:
    """Return which version of a library's functions a user asks for, by name of the function."""
    with user.open("rb") as file:
        elf = ELFFile(file)
        names, numbers, table = (
            elf.get_section_by_name(name) for name in (".dynsym", ".gnu.version", ".gnu.version_r")
        )
        if not isinstance(table, GNUVerNeedSection):
            return {}
        found: dict[str, str] = {}
        for place, symbol in enumerate(names.iter_symbols()):
            version = table.get_version(_number(numbers.get_symbol(place)))
            if version is not None and version[0].name == library:
                found[symbol.name] = version[1].name
        return found


def _number(symbol: Symbol) -> int:
    """Return the number of a symbol's version; local and global ones have names in its place."""
    number = symbol.entry["ndx"]
    return number if isinstance(number, int) else 0


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


def _compile(text: str, versions: dict[str, str], library: Path) -> None:
    """Compile a library in the place, and under the name, of another, with its versions."""
    with tempfile.TemporaryDirectory() as folder:
        file, script = Path(folder) / "stand_in.c", Path(folder) / "versions"
        file.write_text(text, encoding="utf-8")
        script.write_text(_script(versions), encoding="utf-8")
        command = ["cc", "-shared", "-fPIC", "-Os", "-s", f"-Wl,-soname,{library.name}"]
        command += [f"-Wl,--version-script={script}"] if versions else []
        command += ["-Wl,--build-id=none", "-o", str(library), str(file)]
        subprocess.run(command, check=True)


def _script(versions: dict[str, str]) -> str:
    """Return the linker's script that gives functions their versions."""
    parts: dict[str, list[str]] = {}
    for name, version in sorted(versions.items()):
        parts.setdefault(version, []).append(f"{name};")
    return "".join(f"{each} {{ global: {' '.join(parts[each])} }};\n" for each in parts)
