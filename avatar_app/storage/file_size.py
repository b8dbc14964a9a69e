"""Refuses files that are too large to be read at once."""

from __future__ import annotations

from pathlib import Path

from avatar_app.core.errors import InputInvalid


def check_size(path: Path, largest: int) -> None:
    """Raise InputInvalid for a file of more than `largest` bytes, or none that can be read."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from error
    if size > largest:
        raise InputInvalid(
            f"{path.name} is larger than {largest >> 20} MB.", "Choose a part of it."
        )


def unreadable(path: Path, error: OSError) -> InputInvalid:
    """Return the error for a file that the system refuses."""
    return InputInvalid(f"{path.name} can't be read: {error.strerror}.")
