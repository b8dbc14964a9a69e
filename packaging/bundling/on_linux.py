"""What a bundle is on Linux: a copied interpreter made relocatable, a shell script, ELF files."""

from __future__ import annotations

from pathlib import Path

from bundling import elf
from bundling.interpreter import Interpreter, copy_interpreter

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
    """Remove libraries that nothing needs, and symbols that only a debugger reads."""
    for path in elf.unreached_libraries(packages):
        path.unlink()
    for path in elf.elf_files(packages):
        elf.strip_symbols(path)
