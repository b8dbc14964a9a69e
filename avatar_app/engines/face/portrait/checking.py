"""Validates the untrusted files of an avatar: sizes and content."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import InputInvalid

HINT = "Make the avatar again from the photo: avatar-app avatars add PHOTO"
_ARRAY_BYTES = 64_000_000
_LONGEST_TEXT = 300
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    MemoryError,
    zlib.error,
    zipfile.BadZipFile,
    TokenError,
)
"""Exceptions when reading a hostile .npz file: a header may claim any amount of memory."""


def damaged(path: Path, reason: str) -> InputInvalid:
    """Return the error for a damaged file."""
    return InputInvalid(f"The avatar file {path} is damaged: {reason}.", HINT)


def printable(text: str) -> str:
    """Return one line of at most 300 characters, without control characters and unpaired
    surrogates."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_TEXT])
    return " ".join(shown.split())


def bytes_of(path: Path, most: int) -> bytes:
    """Read a file of at most `most` bytes."""
    try:
        if path.stat().st_size > most:
            raise damaged(path, "it is far too large")
        return path.read_bytes()
    except OSError as error:
        raise InputInvalid(
            f"The avatar file {path} cannot be read: {error.strerror}.", HINT
        ) from error


def arrays_of(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Read those of the named arrays that an .npz file contains; nothing is unpickled."""
    bytes_of(path, _ARRAY_BYTES)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _ARRAY_BYTES:
                raise damaged(path, "it unpacks to far too much")
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in names if name in stored.files}
    except _UNREADABLE as error:
        raise damaged(path, "it holds no arrays") from error


def array_of(
    arrays: dict[str, NDArray[Any]], name: str, shape: tuple[int, ...], kind: Any, path: Path
) -> NDArray[Any]:
    """Return one array after checking its shape, its type and that its values are finite."""
    values = arrays.get(name)
    if values is None or values.shape != shape or values.dtype != kind:
        raise damaged(path, f"{name} is missing or of another shape")
    if not np.isfinite(values).all():
        raise damaged(path, f"{name} holds what is no number")
    return values
