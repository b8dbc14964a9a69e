"""Reads tensors from torch files without torch, and without running their pickle.

A pickle is a program. This reader accepts the few opcodes and names that a table of tensors needs,
and replaces each name by a description; any other one is an error. Two formats: a zip archive
(torch ≥ 1.6), and before it a row of pickles followed by the raw storages.
"""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

_MAGIC = 0x1950A86A20F9469CFC6C
"""Content of the first pickle in the older format."""
_BFLOAT16 = "BFloat16Storage"
_STORAGES = {
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
_REBUILDERS = ("_rebuild_tensor_v2", "_rebuild_tensor")
"""Of torch since 0.4, and before."""
_BROKEN = (
    pickle.UnpicklingError, EOFError, struct.error, zipfile.BadZipFile, NotImplementedError,
    ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, MemoryError,
)  # fmt: skip
"""Exceptions of reading a truncated or changed file."""
_MOST_DIMENSIONS = 8
_LONGEST_PROGRAM = 5_000_000
"""Bytes of a pickle without its numbers; a real one has some 30,000, with an optimizer 100,000."""
_TOO_LONG = "its table is far too long"
_STEPS = b"".join(
    (
        pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK,
        pickle.PUT, pickle.BINPUT, pickle.LONG_BINPUT, pickle.MEMOIZE,
        pickle.GET, pickle.BINGET, pickle.LONG_BINGET,
        pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE, pickle.BINFLOAT,
        pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1, pickle.LONG4,
        pickle.SHORT_BINSTRING, pickle.BINSTRING, pickle.SHORT_BINUNICODE, pickle.BINUNICODE,
        pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3,
        pickle.EMPTY_LIST, pickle.APPEND, pickle.APPENDS,
        pickle.EMPTY_DICT, pickle.SETITEM, pickle.SETITEMS,
        pickle.GLOBAL, pickle.STACK_GLOBAL, pickle.REDUCE, pickle.BUILD, pickle.BINPERSID,
    )
)  # fmt: skip
"""Opcodes that torch uses for a table."""


class Damaged(Exception):
    """The file is truncated, changed or of another kind."""


class Refused(Exception):
    """The file contains code; includes the name it refers to."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A storage type, by its pickled name."""

    name: str

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(_STORAGES[self.name])


@dataclass(slots=True)
class _Storage:
    """An array of numbers in the file."""

    kind: _Kind
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

    storage: _Storage
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


def read_torch_file(path: Path) -> Mapping[str, Any]:
    """Return the saved table. Raises Damaged, or Refused for a file that contains code."""
    try:
        content = _read_zip(path) if zipfile.is_zipfile(path) else _read_row(path)
    except _BROKEN as error:
        raise Damaged("it is cut off or was not saved by torch") from error
    if not isinstance(content, Mapping):
        raise Damaged("it holds no table of weights")
    return content


def _set_item(reader: Any) -> None:
    _require_names(reader.stack[-2:-1])
    reader.load_setitem()


def _set_items(reader: Any) -> None:
    _require_names(reader.stack[::2])
    reader.load_setitems()


def _build(reader: Any) -> None:
    """Ignore what a table stores in addition to its entries."""
    reader.stack.pop()


def _require_names(names: Sequence[Any]) -> None:
    """Accept only names as keys: hashing a tuple with millions of entries ends the process."""
    if not all(type(name) in (str, int) for name in names):
        raise Damaged("its table is described wrongly")


class _Reader(pickle._Unpickler):  # noqa: SLF001 the one in Python, whose steps can be chosen
    """Builds tables and descriptions of tensors, nothing else."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {
        **{step: pickle._Unpickler.dispatch[step] for step in _STEPS},  # noqa: SLF001
        pickle.SETITEM[0]: _set_item,
        pickle.SETITEMS[0]: _set_items,
        pickle.BUILD[0]: _build,
    }

    def __init__(self, file: IO[bytes], storage: Callable[[Any], _Storage]) -> None:
        super().__init__(_Program(file), encoding="utf-8")
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _ordered
        if module == "torch._utils" and name in _REBUILDERS:
            return _rebuilt
        if module == "torch" and name in _STORAGES:
            return _Kind(name)
        if module == "torch" and name.endswith("Storage"):
            raise Damaged(f"its numbers are of an unknown type ({name})")
        raise Refused(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        return self._storage(pid)


class _Program:
    """The part of a file that may contain a pickle."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = _LONGEST_PROGRAM

    def read(self, size: int) -> bytes:
        return self._counted(self._file.read(min(size, self._left + 1)))

    def readline(self) -> bytes:
        return self._counted(self._file.readline(self._left + 1))

    def _counted(self, content: bytes) -> bytes:
        self._left -= len(content)
        if self._left < 0:
            raise Damaged(_TOO_LONG)
        return content


def _ordered(pairs: Sequence[tuple[Any, Any]] = ()) -> OrderedDict[Any, Any]:
    _require_names([name for name, _ in pairs])
    return OrderedDict(pairs)


def _rebuilt(storage: Any, offset: int, shape: Any, strides: Any, *_: Any) -> Tensor:
    whole = (offset, *shape, *strides)
    described = isinstance(storage, _Storage) and len(shape) == len(strides) <= _MOST_DIMENSIONS
    if not described or not all(type(number) is int for number in whole):
        raise Damaged("a tensor is described wrongly")
    return Tensor(storage, offset, tuple(shape), tuple(strides))


def _identified(pid: Any) -> tuple[_Kind, str, int]:
    """Return type, key and length of a storage; an older file's entry has one more part."""
    word, kind, key, _device, length, *_view = pid
    described = word == "storage" and isinstance(kind, _Kind) and type(key) in (str, int)
    if not described or type(length) is not int:
        raise Damaged("a storage is described wrongly")
    return kind, str(key), length


def _read_zip(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        program = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
        if program is None:
            raise Damaged("it holds no table of weights")
        if archive.getinfo(program).file_size > _LONGEST_PROGRAM:
            raise Damaged(_TOO_LONG)
        folder, whole = program.removesuffix("data.pkl"), path.stat().st_size

        def storage(pid: Any) -> _Storage:
            kind, key, length = _identified(pid)
            name = f"{folder}data/{key}"
            size = archive.getinfo(name).file_size
            if size != length * kind.dtype.itemsize or size > whole:
                raise Damaged("a storage has another length than was said")
            return _Storage(kind, length, partial(_member, path, name))

        with archive.open(program) as file:
            return _Reader(file, storage).load()


def _member(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except _BROKEN as error:
        raise Damaged("it is cut off") from error


def _read_row(path: Path) -> Any:
    """Read pickles of magic, version, system, content and the storages' keys; then the storages."""
    storages: dict[str, _Storage] = {}

    def storage(pid: Any) -> _Storage:
        kind, key, length = _identified(pid)
        return storages.setdefault(key, _Storage(kind, length, bytes))

    with path.open("rb") as file:
        if _Reader(file, storage).load() != _MAGIC:
            raise Damaged("it was not saved by torch")
        _version, _system = (_Reader(file, storage).load() for _ in range(2))
        content = _Reader(file, storage).load()
        keys, whole = _Reader(file, storage).load(), path.stat().st_size
        _require_names(keys)
        for key in keys:
            known = storages[key]
            (length,) = struct.unpack("<q", file.read(8))
            size = length * known.kind.dtype.itemsize
            if length != known.length or size > whole:
                raise Damaged("a storage has another length than was said")
            known.load = partial(_stretch, path, file.tell(), size)
            file.seek(size, 1)
    return content


def _stretch(path: Path, begin: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(begin)
        return file.read(size)
