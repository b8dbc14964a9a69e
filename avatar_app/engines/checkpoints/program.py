"""Reads torch's pickles without running them.

A pickle is a program. This reader accepts the few opcodes and names that a table of tensors needs,
and replaces each name by a description; any other one is an error.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, ClassVar

from avatar_app.engines.checkpoints.tensors import (
    STORAGES,
    Damaged,
    Kind,
    Refused,
    Storage,
    Tensor,
)

_REBUILDERS = ("_rebuild_tensor_v2", "_rebuild_tensor")
"""Of torch since 0.4, and before."""
_MOST_DIMENSIONS = 8
LONGEST_PROGRAM = 5_000_000
"""Bytes of a pickle without its numbers; a real one has some 30,000, with an optimizer 100,000."""
TOO_LONG = "its table is far too long"
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
        pickle.NEWOBJ,
    )
)  # fmt: skip
"""Opcodes that torch uses for a table."""


class Fields(dict[str, Any]):
    """An object's fields by name."""


@dataclass(frozen=True, slots=True)
class Described:
    """A class whose objects are read as tables of their fields; nothing of it is run."""

    fields: tuple[str, ...]
    """In the order of its constructor."""

    def __call__(self, *values: Any) -> Fields:
        return Fields(zip(self.fields, values, strict=False))


def _set_item(reader: Any) -> None:
    require_names(reader.stack[-2:-1])
    reader.load_setitem()


def _set_items(reader: Any) -> None:
    require_names(reader.stack[::2])
    reader.load_setitems()


def _build(reader: Any) -> None:
    """Ignore what a table stores in addition to its entries; an object's entries are its fields."""
    state = reader.stack.pop()
    if isinstance(reader.stack[-1], Fields) and isinstance(state, dict):
        reader.stack[-1].update(state)


def _new_object(reader: Any) -> None:
    given, described = reader.stack.pop(), reader.stack.pop()
    if not isinstance(described, Described) or given != ():
        raise Damaged("an object is described wrongly")
    reader.append(Fields())


def require_names(names: Sequence[Any]) -> None:
    """Accept only names as keys: hashing a tuple with millions of entries ends the process."""
    if not all(type(name) in (str, int) for name in names):
        raise Damaged("its table is described wrongly")


class Reader(pickle._Unpickler):  # noqa: SLF001 the one in Python, whose steps can be chosen
    """Builds tables and descriptions of tensors, nothing else."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {
        **{step: pickle._Unpickler.dispatch[step] for step in _STEPS},  # noqa: SLF001
        pickle.SETITEM[0]: _set_item,
        pickle.SETITEMS[0]: _set_items,
        pickle.BUILD[0]: _build,
        pickle.NEWOBJ[0]: _new_object,
    }

    def __init__(
        self,
        file: IO[bytes],
        storage: Callable[[Any], Storage],
        classes: Mapping[str, Described],
    ) -> None:
        super().__init__(_Program(file), encoding="utf-8")
        self._storage = storage
        self._classes = classes

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _ordered
        if module == "torch._utils" and name in _REBUILDERS:
            return _rebuilt
        if module == "torch" and name in STORAGES:
            return Kind(name)
        if module == "torch" and name.endswith("Storage"):
            raise Damaged(f"its numbers are of an unknown type ({name})")
        if known := self._classes.get(f"{module}.{name}"):
            return known
        raise Refused(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Storage:
        return self._storage(pid)


class _Program:
    """The part of a file that may contain a pickle."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = LONGEST_PROGRAM

    def read(self, size: int) -> bytes:
        return self._counted(self._file.read(min(size, self._left + 1)))

    def readline(self) -> bytes:
        return self._counted(self._file.readline(self._left + 1))

    def _counted(self, content: bytes) -> bytes:
        self._left -= len(content)
        if self._left < 0:
            raise Damaged(TOO_LONG)
        return content


def _ordered(pairs: Sequence[tuple[Any, Any]] = ()) -> OrderedDict[Any, Any]:
    require_names([name for name, _ in pairs])
    return OrderedDict(pairs)


def _rebuilt(storage: Any, offset: int, shape: Any, strides: Any, *_: Any) -> Tensor:
    whole = (offset, *shape, *strides)
    described = isinstance(storage, Storage) and len(shape) == len(strides) <= _MOST_DIMENSIONS
    if not described or not all(type(number) is int for number in whole):
        raise Damaged("a tensor is described wrongly")
    return Tensor(storage, offset, tuple(shape), tuple(strides))


def identified(pid: Any) -> tuple[Kind, str, int]:
    """Return type, key and length of a storage; an older file's entry has one more part."""
    word, kind, key, _device, length, *_view = pid
    described = word == "storage" and isinstance(kind, Kind) and type(key) in (str, int)
    if not described or type(length) is not int:
        raise Damaged("a storage is described wrongly")
    return kind, str(key), length
