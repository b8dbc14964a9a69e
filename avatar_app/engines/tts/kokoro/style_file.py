"""Kokoro's voices as styles, read from their file (npz) when one is chosen."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.values import Samples

STYLE = 256
"""Numbers that make a style."""


class StyleFile(Mapping[str, Samples]):
    """The styles by the names of the voices, float32 of shape (n, 1, 256). Of the published file's
    54 voices, 28 MB, a speaker needs one.

    Raises what zipfile, zlib and numpy raise for a damaged file, ValueError for another shape.
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
    """The names of the voices, sorted; nothing else is read. OSError or zipfile.BadZipFile."""
    with zipfile.ZipFile(path) as styles:
        return tuple(sorted(name.removesuffix(".npy") for name in styles.namelist()))


def _style(style: Any, name: str) -> Samples:
    if style.ndim < 2 or style.shape[-1] != STYLE or not len(style):
        raise ValueError(f"the voice {name} has the shape {style.shape}")
    return np.asarray(style, np.float32).reshape(len(style), 1, STYLE)
