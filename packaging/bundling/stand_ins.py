"""Replaces libraries that the program never uses by small ones, all of whose functions refuse.

FFmpeg is linked with SVT-AV1, which writes AV1, and libheif with x265, which writes HEIC: neither
does the program. FFmpeg keeps x264, x265 and libvpx, since clips are H.264, HEVC or VP9, and reads
all of them by code of its own. GnuTLS is for films from the network, which the program never plays,
and ALSA for devices of sound: the program opens those by PortAudio. Needs a C compiler.
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

REFUSED = {
    "*.libs/libSvtAv1Enc": 0x80001000,
    "*.libs/libasound": 0,
    "*.libs/libgnutls": 0,
    "pillow_heif.libs/libx265": 0,
}
"""Beginnings of the paths of files, and what all functions return: an error of SVT-AV1; of ALSA, a
list without devices; of GnuTLS, a connection that ends at once; of x265, no encoder.
"""
_ONE = "long {name}(void) {{ return {value}L; }}\n"


def replace_unused(packages: Path) -> None:
    """Replace those libraries in the folders that wheels bring."""
    for beginning, value in REFUSED.items():
        for library in packages.glob(f"{beginning}*.so*"):
            names = {name for user in _users(library) for name in _undefined(user)}
            wanted = sorted(names & {*_defined(library)})
            versions: dict[str, str] = {}
            for user in _users(library):
                versions |= versions_wanted(user, library.name)
            compile_library(source(wanted, value), versions, library)


def source(names: list[str], value: int) -> str:
    """Return the C source of a library whose functions `names` return `value`."""
    return "".join(_ONE.format(name=name, value=value) for name in names)


def _users(library: Path) -> Iterator[Path]:
    """Yield the libraries beside it that need it, and modules that are no package."""
    for path in (*library.parent.glob("*.so*"), *library.parents[1].glob("*.so")):
        if library.name in needed(path):
            yield path


def versions_wanted(user: Path, library: str) -> dict[str, str]:
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


def compile_library(text: str, versions: dict[str, str], library: Path) -> None:
    """Compile C source to a library under a name, with versions of its functions."""
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
