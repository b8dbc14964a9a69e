"""The tensors that a torch file describes: where their numbers lie, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BFLOAT16 = "BFloat16Storage"
STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    _BFLOAT16: "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}


class Damaged(Exception):
    """The file is truncated, changed or of another kind."""


class Refused(Exception):
    """The file contains code; includes the name it refers to."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A storage type, by its pickled name."""

    name: str

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(STORAGES[self.name])


@dataclass(slots=True)
class Storage:
    """An array of numbers in the file."""

    kind: Kind
    length: int
    load: Callable[[], bytes]

    def read(self) -> NDArray[Any]:
        content = self.load()
        if len(content) != self.length * self.kind.dtype.itemsize:
            raise Damaged("it is cut off")
        values = np.frombuffer(content, self.kind.dtype)
        if self.kind.name == _BFLOAT16:
            return (values.astype(np.uint32) << 16).view(np.float32)
        return values


@dataclass(frozen=True, slots=True)
class Tensor:
    """A part of a storage; its numbers are read on access."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    """In elements."""

    def read(self) -> NDArray[Any]:
        """Return the numbers, shape `shape`. Raises Damaged if they are missing."""
        values = self.storage.read()
        last = self.offset + sum(
            (size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True)
        )
        if min((self.offset, *self.strides)) < 0 or last >= len(values):
            raise Damaged("a tensor lies outside its storage")
        steps = tuple(stride * values.itemsize for stride in self.strides)
        view = np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, steps)
        return view.copy()
