"""What a bundle is on Linux: a copied interpreter made relocatable, a shell script, ELF files."""

from __future__ import annotations

from pathlib import Path

from bundling import (
    card_kernels,
    elf,
    encoder_depths,
    icu,
    linear_algebra,
    stand_ins,
    unread_data,
)
from bundling.duplicates import link_duplicates
from bundling.elf_gaps import close_gaps
from bundling.holes import cut_holes
from bundling.interpreter import Interpreter, copy_interpreter
from bundling.shared_versions import share_versions

UNREAD = (
    card_kernels.replaced_programs,
    encoder_depths.other_depths,
    linear_algebra.c_interface,
    unread_data.pages,
    unread_data.text_data,
)
"""What finds code and data of libraries that the program never reaches."""
LAUNCHER = """#!/bin/sh
# Starts avatar_app with the interpreter beside this file, whatever Python the system has.
exec "$(dirname "$(readlink -f "$0")")/python3" -I -m avatar_app "$@"
"""


def copy_python(source: Interpreter, target: Path) -> Path:
    """Copy the interpreter and what it needs of the system; returns the copy's executable."""
    return copy_interpreter(source, target)


def add_launcher(target: Path) -> None:
    """Write the command that starts the program."""
    launcher = target / "bin" / "avatar-app"
    launcher.write_text(LAUNCHER, encoding="utf-8")
    launcher.chmod(0o755)


def reduce(packages: Path) -> None:
    """Reduce the libraries: packages share what they bring in the same version, what is never used
    gives way to a library that refuses, what nothing needs goes, and what is left loses code and
    data that are never read, symbols for debuggers, empty space and second copies.
    """
    share_versions(packages)
    stand_ins.replace_unused(packages)
    linear_algebra.replace_fortran(packages)
    for path in elf.unreached_libraries(packages):
        path.unlink()
    icu.reduce_data(packages)
    unread = [each for find in UNREAD for each in find(packages)]  # by symbols, which go next
    for path in elf.elf_files(packages):
        elf.strip_symbols(path)
    for path in dict.fromkeys(path for path, _ in unread):
        cut_holes(path, [each for file, found in unread if file == path for each in found])
    for path in elf.elf_files(packages):
        close_gaps(path)
    link_duplicates(elf.elf_files(packages))
