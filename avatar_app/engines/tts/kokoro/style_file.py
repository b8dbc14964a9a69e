"""Reads Kokoro's style vectors from their file (.npz), each when its voice is chosen."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.values import Samples

STYLE = 256
"""Dimensions of a style vector."""


class StyleFile(Mapping[str, Samples]):
    """The styles by voice name, float32 of shape (n, 1, 256). The published file has 54 voices, 28
    MB; a speaker needs one.

    Raises the errors of zipfile, zlib and numpy for a damaged file, ValueError for another shape.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file, np.load(file) as styles:
            self._names = tuple(styles.files)
            for name in self._names:
                _style(styles[name], name)

    def __getitem__(self, name: str) -> Samples:
        if name not in self._names:
            raise KeyError(name)
        with self._path.open("rb") as file, np.load(file) as styles:
            return _style(styles[name], name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def voices_in(path: Path) -> tuple[str, ...]:
    """Return the names of the voices, sorted, without reading their styles. Raises OSError,
    BadZipFile."""
    with zipfile.ZipFile(path) as styles:
        return tuple(sorted(name.removesuffix(".npy") for name in styles.namelist()))


def _style(style: Any, name: str) -> Samples:
    if style.ndim < 2 or style.shape[-1] != STYLE or not len(style):
        raise ValueError(f"the voice {name} has the shape {style.shape}")
    return np.asarray(style, np.float32).reshape(len(style), 1, STYLE)
