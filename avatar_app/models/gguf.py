"""Reads the header of a GGUF file without loading the model; limits protect from hostile files.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3).
"""

from __future__ import annotations

import math
import os
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from avatar_app.core.errors import InputInvalid

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MOST_ENTRIES, MOST_TENSORS, MOST_DIMENSIONS = 4096, 65_536, 4
MOST_WEIGHTS = 1 << 50
"""Of one tensor: more is invalid."""
LONGEST_ITEM = 4 << 20
"""Bytes of one text; chat templates are the longest."""
MOST_ITEMS = 4_000_000
"""Total list items; vocabularies are the longest lists."""
LONGEST_HEADER = 256 << 20
"""Bytes before the weights."""

_NUMBERS = MappingProxyType(
    {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
)
_TEXT, _LIST = 8, 9
TOKENS = "tokenizer.ggml.tokens"
QUANTIZATIONS = MappingProxyType(
    {
        0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0",
        10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K",
        16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S",
        22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M", 30: "BF16", 34: "TQ1_0", 35: "TQ2_0",
        39: "MXFP4", 40: "NVFP4",
    }
)  # fmt: skip
"""The names of ggml's number formats."""
BITS = MappingProxyType(
    {
        0: 32.0, 1: 16.0, 30: 16.0, 2: 4.5, 3: 5.0, 6: 5.5, 7: 6.0, 8: 8.5,
        10: 2.625, 11: 3.4375, 12: 4.5, 13: 5.5, 14: 6.5625,
    }
)  # fmt: skip
"""Per weight, block scales included, of the formats in common use."""
FEWEST_BITS = 1.0


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """The properties in a GGUF header."""

    architecture: str
    name: str
    parameters: int
    """Number of weights in this file; for a model in parts, those of its part."""
    quantization: str
    """The format of most weights; empty for an unknown one."""
    context: int
    """Context length that the model was trained on; 0 if not stated."""
    part: int = 0
    """Index of the part in a model of several files; from 0."""
    cache_per_token: int = 0
    """Bytes of memory for a token of context: keys and values in half precision; 0 if unknown."""
    vocabulary: int = 0
    """Number of tokens in the vocabulary; 0 if not stated."""
    forward: int = 0
    """Width of the widest layer; 0 if not stated."""
    kind: str = "model"
    """Something else than `model` for adapters, image projectors and the like."""


def read_header(path: Path) -> GgufHeader:
    """Read the header; raises InputInvalid for a file that is not a complete GGUF. A file that has
    not changed is read once."""
    try:
        state = path.stat()
        return _read(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise _incomplete(path, error) from error


@lru_cache(maxsize=64)
def _read(path: Path, _size: int, _changed_at: int) -> GgufHeader:
    try:
        with path.open("rb") as file:
            return _Reader(file).header()
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        raise _incomplete(path, error) from error


def _incomplete(path: Path, error: Exception) -> InputInvalid:
    return InputInvalid(
        f"The file {path} is not a complete GGUF file: {error}.", "Download it again."
    )


class _Reader:
    """Reads the requested values and skips the rest."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._items = MOST_ITEMS

    def header(self) -> GgufHeader:
        if self._take(4) != MAGIC:
            raise ValueError("its beginning is wrong")
        (version,) = self._numbers("I")
        tensors, entries = self._numbers("QQ")
        if version not in VERSIONS or entries > MOST_ENTRIES or tensors > MOST_TENSORS:
            raise ValueError("its version is unknown")
        known: dict[str, str | float] = {}
        for _ in range(entries):
            key = self._name()
            (kind,) = self._numbers("I")
            if kind != _LIST:
                known[key] = self._value(kind)
            elif (length := self._pass_list()) and key == TOKENS:
                known[key] = length
        if not tensors and not _whole(known.get("split.count")):
            raise ValueError(
                "it contains no weights"
            )  # the first of several files may contain none
        weights = self._weights(tensors)
        architecture = str(known.get("general.architecture", ""))
        common = weights.most_common(1)
        return GgufHeader(
            architecture,
            str(known.get("general.name", "")),
            weights.total(),
            QUANTIZATIONS.get(common[0][0], "") if common else "",
            _whole(known.get(f"{architecture}.context_length")),
            _whole(known.get("split.no")),
            _cache_per_token(known, architecture),
            _whole(known.get(f"{architecture}.vocab_size", known.get(TOKENS))),
            _whole(known.get(f"{architecture}.feed_forward_length")),
            str(known.get("general.type", "model")),
        )

    def _weights(self, tensors: int) -> Counter[int]:
        """Count the weights in each format."""
        weights: Counter[int] = Counter()
        furthest = 0.0
        for _ in range(tensors):
            self._name()
            (dimensions,) = self._numbers("I")
            if not 0 < dimensions <= MOST_DIMENSIONS:
                raise ValueError("its weights have an impossible shape")
            shape = self._numbers(f"{dimensions}Q")
            form, offset = self._numbers("IQ")
            count = math.prod(shape)
            weights[form] += count
            size = min(count, MOST_WEIGHTS) * BITS.get(form, FEWEST_BITS) / 8
            furthest = max(furthest, offset + size)
        if self._file.tell() + furthest > self._size:
            raise ValueError("it ends too early")
        return weights

    def _value(self, kind: int) -> str | float:
        if kind == _TEXT:
            return self._text()
        if kind not in _NUMBERS:
            raise ValueError("it contains an unknown type")
        number: float = self._numbers(_NUMBERS[kind])[0]
        return number

    def _pass_list(self) -> int:
        """Skip a list; returns its length."""
        kind, count = self._numbers("IQ")
        self._items -= count
        if self._items < 0:
            raise ValueError("a list is too long")
        if kind in _NUMBERS:
            self._skip(count * struct.calcsize(f"<{_NUMBERS[kind]}"))
        elif kind == _TEXT:
            self._pass_texts(count)
        else:
            raise ValueError("a list contains an unknown type")
        return count

    def _pass_texts(self, count: int) -> None:
        """Quickly: a vocabulary has some hundred thousand."""
        read, room = self._file.read, self._room
        for _ in range(count):
            length = int.from_bytes(read(8), "little")
            room -= 8 + length
            if room < 0:
                raise ValueError("it ends too early")
            read(length)

    @property
    def _room(self) -> int:
        """Bytes that the header may still have."""
        return min(self._size, LONGEST_HEADER) - self._file.tell()

    def _name(self) -> str:
        if not (name := self._text()):
            raise ValueError("an entry has no name")
        return name

    def _text(self) -> str:
        (length,) = self._numbers("Q")
        if length > LONGEST_ITEM:
            raise ValueError("a text is too long")
        return self._take(length).decode("utf-8", errors="replace")

    def _numbers(self, layout: str) -> tuple[int, ...]:
        layout = f"<{layout}"
        return struct.unpack(layout, self._take(struct.calcsize(layout)))

    def _take(self, count: int) -> bytes:
        taken = self._file.read(count)
        if len(taken) < count:
            raise ValueError("it ends too early")
        return taken

    def _skip(self, count: int) -> None:
        if count > self._room:
            raise ValueError("it ends too early")
        self._file.seek(count, os.SEEK_CUR)


def _whole(number: str | float | None) -> int:
    return int(number) if isinstance(number, int | float) and 0 <= number < 1 << 40 else 0


def _cache_per_token(known: Mapping[str, str | float], architecture: str) -> int:
    def number(name: str) -> int:
        return _whole(known.get(f"{architecture}.{name}"))

    heads = number("attention.head_count")
    width = number("embedding_length") // heads if heads else 0
    lengths = [number(f"attention.{name}_length") or width for name in ("key", "value")]
    heads_kv = number("attention.head_count_kv") or heads
    return 2 * number("block_count") * heads_kv * sum(lengths)
