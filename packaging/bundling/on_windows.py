"""What a bundle is on Windows: a relocatable build of Python, copied whole, and a command file.

Not run so far: there was no Windows. python.exe lies at the top, its library in Lib, and packages
in Lib/site-packages.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from bundling.interpreter import UNUSED, Interpreter

COMMAND = """@echo off\r
rem Starts avatar_app with the interpreter beside this file, whatever Python the system has.\r
"%~dp0python.exe" -I -m avatar_app %*\r
"""


def copy_python(source: Interpreter, target: Path) -> Path:
    """Copy a relocatable interpreter; returns the copy's executable."""
    unused = shutil.ignore_patterns("__pycache__", "include", "libs", "tcl", "*.pdb", *UNUSED)
    shutil.copytree(source.executable.parent, target, ignore=unused)
    (target / "Lib" / "site-packages").mkdir(parents=True, exist_ok=True)
    return target / source.executable.name


def add_launcher(target: Path) -> None:
    """Write the command for terminals; the Start menu starts pythonw.exe, which opens none."""
    (target / "avatar-app.cmd").write_text(COMMAND, encoding="ascii", newline="")


def reduce(packages: Path) -> None:
    """Remove nothing more: a DLL's symbols are in files of their own, which wheels do not carry."""
