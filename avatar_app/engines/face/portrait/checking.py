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
"""What reading a hostile .npz can raise: a header may ask for any amount of memory."""


def damaged(path: Path, reason: str) -> InputInvalid:
    """The error that says so."""
    return InputInvalid(f"The avatar file {path} is damaged: {reason}.", HINT)


def printable(text: str) -> str:
    """Return one line of at most 300 characters, without control characters and unpaired
    surrogates."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_TEXT])
    return " ".join(shown.split())


def bytes_of(path: Path, most: int) -> bytes:
    """A file of at most `most` bytes."""
    try:
        if path.stat().st_size > most:
            raise damaged(path, "it is far too large")
        return path.read_bytes()
    except OSError as error:
        raise InputInvalid(
            f"The avatar file {path} cannot be read: {error.strerror}.", HINT
        ) from error


def arrays_of(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Those of the named arrays that an .npz holds; nothing is unpickled."""
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
    """One array, which must be of this shape and kind, and finite."""
    values = arrays.get(name)
    if values is None or values.shape != shape or values.dtype != kind:
        raise damaged(path, f"{name} is missing or of another shape")
    if not np.isfinite(values).all():
        raise damaged(path, f"{name} holds what is no number")
    return values
