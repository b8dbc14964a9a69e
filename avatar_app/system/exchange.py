"""Exchanges two names on one disk, in one step where the system can; links to folders."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE of Linux."""


def exchange(one: Path, other: Path) -> None:
    """Let two names in one folder change places. Raises OSError.

    Where the system needs several steps, a process that is killed between them leaves `one`
    missing, which `repair_exchange` corrects.
    """
    if sys.platform == "linux" and _exchanged(one, other):
        return
    aside = _aside(one)
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def repair_exchange(one: Path, other: Path) -> None:
    """Complete an exchange that was interrupted. Raises OSError."""
    aside = _aside(one)
    if not os.path.lexists(aside):
        return
    if not os.path.lexists(one):
        (other if os.path.lexists(other) else aside).rename(one)
    if os.path.lexists(aside):
        aside.rename(other)


def link_to_folder(link: Path, folder: Path) -> None:
    """Make a link to a folder: a junction on Windows, which needs no privilege. Raises OSError."""
    if sys.platform == "win32":
        import _winapi

        _winapi.CreateJunction(str(folder), str(link))
    else:
        link.symlink_to(folder, target_is_directory=True)


def linked_folder(path: Path) -> Path | None:
    """Return the folder that a link leads to, whether it is there or not; None for no link."""
    try:
        return Path(os.readlink(path))
    except OSError:
        return None


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.aside")


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange in one step; False where the file system or the C library cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    done: int = rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE)
    return done == 0
