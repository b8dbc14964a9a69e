"""Reads network weights from files of any common format, safely and with validation."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.engines.checkpoints.tensors import Damaged, Refused
from avatar_app.engines.checkpoints.torch_file import read_torch_file

State = Mapping[str, NDArray[np.float32]]
Shapes = Mapping[str, tuple[int, ...]]

_WRAPPER = "module."
"""Key prefix of a network trained on several devices."""
_WRAPPED_IN = "state_dict"
_COUNTER = "num_batches_tracked"
"""Key suffix of entries used only in training."""
_FETCH_AGAIN = "Download the file again from its authors."
_SAFETENSORS = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "BF16": "<u2"}
_LARGEST = 1e9
"""Maximum absolute weight or variance; a layer with a larger one soon overflows."""
_LONGEST_HEADER = 16_000_000
"""Bytes; a real one has some 30,000."""


@dataclass(frozen=True, slots=True)
class Published:
    """A published network, and its names in error messages."""

    title: str
    """`No {title} checkpoint at …`"""
    network: str
    """`… is not a checkpoint of {network}`"""
    where: str
    """The hint where the file is missing."""
    which: str
    """The hint where the file is another network's."""
    shapes: Shapes
    """All entries that may be in the file."""


def read_weights(
    path: Path,
    published: Published,
    read_onnx: Callable[[Path], Mapping[str, Any]] | None = None,
) -> State:
    """Return the network's weights by key, checked: all present, of the right shape and finite.

    They are read from the file at each access, so that a network is not in memory twice while it is
    loaded; where the file has changed meanwhile, that raises InputInvalid.

    Reads torch's files (both formats) and .safetensors; .onnx too where `read_onnx` knows how.
    Raises ModelMissing if the file is missing; InputInvalid if it is damaged, another network's or
    contains code.
    """
    if not path.is_file():
        raise ModelMissing(f"No {published.title} checkpoint at {path}.", published.where)
    with as_input_invalid(path.name):
        return _checked(_unwrapped(_read(path, read_onnx)), path.name, published)


def read_renamed_weights(
    path: Path, published: Published, name_of: Callable[[str], str | None]
) -> State:
    """Return a large network's weights by the names that `name_of` gives to the file's keys; None
    drops an entry. `published.shapes` are those of the new names.

    All must be present and of the right shape. Whether the numbers are finite is found out when
    they are read, as reading them twice takes long. Raises as `read_weights`.
    """
    if not path.is_file():
        raise ModelMissing(f"No {published.title} checkpoint at {path}.", published.where)
    with as_input_invalid(path.name):
        named = ((name_of(key), value) for key, value in _unwrapped(_read(path, None)).items())
        kept = {name: value for name, value in named if name is not None}
        return _shaped(kept, path.name, published)


@contextmanager
def as_input_invalid(name: str) -> Iterator[None]:
    """Convert Refused, Damaged and OSError about the file called `name` to InputInvalid."""
    try:
        yield
    except Refused as refused:
        raise InputInvalid(
            f"{name} was refused: loading it would run code ({refused}).",
            "A checkpoint holds numbers only; do not open this file with other programs either.",
        ) from refused
    except Damaged as damaged:
        raise InputInvalid(f"{name} is damaged: {damaged}.", _FETCH_AGAIN) from damaged
    except OSError as error:
        raise InputInvalid(f"{name} cannot be read: {error.strerror}.", "") from error


@dataclass(frozen=True, slots=True)
class _Entries(Mapping[str, NDArray[np.float32]]):
    """A checkpoint's weights, each read on access."""

    name: str
    """The file's."""
    stored: Mapping[str, Any]

    def __getitem__(self, key: str) -> NDArray[np.float32]:
        found = self.stored[key]
        with as_input_invalid(self.name):
            return _finite(found, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.stored)

    def __len__(self) -> int:
        return len(self.stored)


def _read(path: Path, read_onnx: Callable[[Path], Mapping[str, Any]] | None) -> Mapping[str, Any]:
    with path.open("rb") as file:
        start = file.read(9)
    if len(start) == 9 and start[8:] == b"{":
        return _read_safetensors(path)
    if path.suffix == ".onnx" and read_onnx is not None:
        return read_onnx(path)
    return read_torch_file(path)


def _unwrapped(content: Mapping[str, Any]) -> dict[str, Any]:
    state = content.get(_WRAPPED_IN, content)
    if not isinstance(state, Mapping):
        raise Damaged("it contains no table of weights")
    return {str(key).removeprefix(_WRAPPER): value for key, value in state.items()}


def _checked(state: dict[str, Any], name: str, published: Published) -> State:
    read = _shaped(state, name, published)
    for key in read:
        _finite(state[key], key)
    return read


def _shaped(state: dict[str, Any], name: str, published: Published) -> State:
    for key in state:
        if key not in published.shapes:
            raise _foreign(name, published, f"it has the unknown entry {key}")
    read = {}
    for key, shape in published.shapes.items():
        if not key.endswith(_COUNTER):
            found = getattr(state.get(key), "shape", None)
            if key not in state:
                raise _foreign(name, published, f"the entry {key} is missing")
            if found != shape:
                reason = f"the entry {key} has the shape {found} instead of {shape}"
                raise _foreign(name, published, reason)
            read[key] = state[key]
    return _Entries(name, read)


def _finite(found: Any, key: str) -> NDArray[np.float32]:
    values = np.asarray(found if isinstance(found, np.ndarray) else found.read(), np.float32)
    largest = np.abs(values).max(initial=0)
    if not np.isfinite(largest):
        raise Damaged(f"the entry {key} holds numbers that are not finite")
    if largest > _LARGEST:
        raise Damaged(f"the entry {key} holds numbers that no training ends with")
    return values


def _foreign(name: str, published: Published, reason: str) -> InputInvalid:
    return InputInvalid(
        f"{name} is not a checkpoint of {published.network}: {reason}.", published.which
    )


def _read_safetensors(path: Path) -> dict[str, _Stored]:
    """Read a file in the format of https://github.com/huggingface/safetensors#format"""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > min(_LONGEST_HEADER, path.stat().st_size):
            raise Damaged("its header is truncated")
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError) as error:
            raise Damaged("its header is not JSON") from error
    header.pop("__metadata__", None)
    size = path.stat().st_size - 8 - length
    return {key: _tensor(key, entry, path, 8 + length, size) for key, entry in header.items()}


@dataclass(frozen=True, slots=True)
class _Stored:
    """A tensor in a file."""

    path: Path
    begin: int
    dtype: str
    shape: tuple[int, ...]

    def read(self) -> NDArray[np.float32]:
        kind, count = np.dtype(_SAFETENSORS[self.dtype]), math.prod(self.shape)
        values = np.fromfile(self.path, kind, count, offset=self.begin)
        if len(values) < count:
            raise Damaged("it is cut off")
        if self.dtype == "BF16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        return values.astype(np.float32, copy=False).reshape(self.shape)


def _tensor(key: str, entry: Any, path: Path, offset: int, size: int) -> _Stored:
    """`offset`: where in the file the numbers begin; `size`: how many bytes of them it has."""
    try:
        kind, shape = entry["dtype"], tuple(entry["shape"])
        begin, end = entry["data_offsets"]
        whole = all(type(number) is int and number >= 0 for number in (*shape, begin, end))
        if not whole or end - begin != math.prod(shape) * np.dtype(_SAFETENSORS[kind]).itemsize:
            raise ValueError("its numbers do not fit one another")
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f"its entry {key} has an unknown format") from error
    if end > size:
        raise Damaged("it is cut off")
    return _Stored(path, offset + begin, kind, shape)
