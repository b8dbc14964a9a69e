"""Reads tensors from torch files without torch, and without running their pickle.

Two formats: a zip archive (torch ≥ 1.6), and before it a row of pickles followed by the raw
storages.
"""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from avatar_app.engines.checkpoints.program import (
    LONGEST_PROGRAM,
    TOO_LONG,
    Described,
    Reader,
    identified,
    require_names,
)
from avatar_app.engines.checkpoints.tensors import Damaged, Storage

_MAGIC = 0x1950A86A20F9469CFC6C
"""Content of the first pickle in the older format."""
_BROKEN = (
    pickle.UnpicklingError, EOFError, struct.error, zipfile.BadZipFile, NotImplementedError,
    ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, MemoryError,
)  # fmt: skip
"""Exceptions of reading a truncated or changed file."""


def read_torch_file(
    path: Path, classes: Mapping[str, Described] = MappingProxyType({})
) -> Mapping[str, Any]:
    """Return the saved table. Raises Damaged, or Refused for a file that contains code.

    `classes`: by full name, those whose objects may be in it; they are read as tables.
    """
    try:
        reading = _read_zip if zipfile.is_zipfile(path) else _read_row
        content = reading(path, classes)
    except _BROKEN as error:
        raise Damaged("it is cut off or was not saved by torch") from error
    if not isinstance(content, Mapping):
        raise Damaged("it holds no table of weights")
    return content


def _read_zip(path: Path, classes: Mapping[str, Described]) -> Any:
    with zipfile.ZipFile(path) as archive:
        program = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
        if program is None:
            raise Damaged("it holds no table of weights")
        if archive.getinfo(program).file_size > LONGEST_PROGRAM:
            raise Damaged(TOO_LONG)
        folder, whole = program.removesuffix("data.pkl"), path.stat().st_size

        def storage(pid: Any) -> Storage:
            kind, key, length = identified(pid)
            name = f"{folder}data/{key}"
            size = archive.getinfo(name).file_size
            if size != length * kind.dtype.itemsize or size > whole:
                raise Damaged("a storage has another length than was said")
            return Storage(kind, length, partial(_member, path, name))

        with archive.open(program) as file:
            return Reader(file, storage, classes).load()


def _member(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except _BROKEN as error:
        raise Damaged("it is cut off") from error


def _read_row(path: Path, classes: Mapping[str, Described]) -> Any:
    """Read pickles of magic, version, system, content and the storages' keys; then the storages."""
    storages: dict[str, Storage] = {}

    def storage(pid: Any) -> Storage:
        kind, key, length = identified(pid)
        return storages.setdefault(key, Storage(kind, length, bytes))

    with path.open("rb") as file:
        if Reader(file, storage, {}).load() != _MAGIC:
            raise Damaged("it was not saved by torch")
        _version, _system = (Reader(file, storage, {}).load() for _ in range(2))
        content = Reader(file, storage, classes).load()
        keys, whole = Reader(file, storage, {}).load(), path.stat().st_size
        require_names(keys)
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
