"""Writes files as torch saves them, good and hostile ones, without torch."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

State = dict[str, np.ndarray]


class FloatStorage: ...


class LongStorage: ...


def _rebuild_tensor_v2(*_: Any) -> None: ...


class BaseModelOutputWithPast: ...


class DynamicCache:
    """Keys and values by layer: pickled as an object without a call."""

    def __init__(self, keys: list[np.ndarray], values: list[np.ndarray]) -> None:
        self._seen_tokens = keys[0].shape[2]
        self.key_cache, self.value_cache = keys, values


for _imitation, _module in (
    (FloatStorage, "torch"),
    (LongStorage, "torch"),
    (_rebuild_tensor_v2, "torch._utils"),
    (BaseModelOutputWithPast, "transformers.modeling_outputs"),
    (DynamicCache, "transformers.cache_utils"),
):
    _imitation.__module__ = _module


class Tensor:
    def __init__(self, key: str, values: np.ndarray) -> None:
        self.key, self.values = key, values

    def __reduce__(self) -> tuple[Any, ...]:
        steps = tuple(step // self.values.itemsize for step in self.values.strides)
        shape = self.values.shape
        return _rebuild_tensor_v2, (Stored(self), 0, shape, steps, False, OrderedDict())


class Output:
    """An output of a network, as the library transformers pickles it: a call, and entries."""

    def __init__(self, states: np.ndarray, cache: DynamicCache) -> None:
        self.states, self.cache = states, cache

    def __reduce__(self) -> tuple[Any, ...]:
        given = (self.states, self.cache, None, None)
        entries = {"last_hidden_state": self.states, "past_key_values": self.cache}
        more = {"hidden_states": None, "attentions": None}
        return BaseModelOutputWithPast, given, entries | more, None, iter(entries.items())


class Stored:
    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


class TorchPickler(pickle._Pickler):
    """Writes what torch writes, whose names it only imitates."""

    older = False

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, Stored):
            return None
        values = obj.tensor.values
        kind = LongStorage if values.dtype == np.int64 else FloatStorage
        pid = ("storage", kind, obj.tensor.key, "cpu", values.size)
        return (*pid, None) if self.older else pid

    def save_imitation(self, obj: Any, name: str | None = None) -> None:
        if not obj.__module__.startswith(("torch", "transformers")):
            self.save_global(obj, name)
            return
        self.write(f"c{obj.__module__}\n{obj.__name__}\n".encode())
        self.memoize(obj)

    dispatch = pickle._Pickler.dispatch | {
        type: save_imitation,
        type(_rebuild_tensor_v2): save_imitation,
    }


def pickled(content: Any, *, older: bool = False) -> bytes:
    buffer = io.BytesIO()
    pickler = TorchPickler(buffer, 2)
    pickler.older = older
    pickler.dump(content)
    return buffer.getvalue()


def _content(state: State, prefix: str = "module.") -> tuple[Any, list[Tensor]]:
    tensors = [Tensor(str(index), values) for index, values in enumerate(state.values())]
    table = OrderedDict(zip((prefix + key for key in state), tensors, strict=True))
    return {"state_dict": table, "global_step": 3}, tensors


def write_zip(path: Path, state: State) -> Path:
    content, tensors = _content(state)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(content))
        for tensor in tensors:
            archive.writestr(f"archive/data/{tensor.key}", tensor.values.tobytes())
    return path


def write_row(path: Path, state: State) -> Path:
    content, tensors = _content(state)
    parts = [pickled(part) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    parts += [pickled(content, older=True), pickled([tensor.key for tensor in tensors])]
    for tensor in tensors:
        parts += [struct.pack("<q", tensor.values.size), tensor.values.tobytes()]
    path.write_bytes(b"".join(parts))
    return path


def write_objects(path: Path, content: Any) -> Path:
    """Any objects with arrays in them, which become tensors."""
    tensors: list[Tensor] = []

    class Pickler(TorchPickler):
        def reducer_override(self, obj: Any) -> Any:
            if not isinstance(obj, np.ndarray):
                return NotImplemented
            tensors.append(Tensor(str(len(tensors)), obj))
            return tensors[-1].__reduce__()

    buffer = io.BytesIO()
    Pickler(buffer, 2).dump(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", buffer.getvalue())
        for tensor in tensors:
            archive.writestr(f"archive/data/{tensor.key}", tensor.values.tobytes())
    return path


rebuild_tensor = _rebuild_tensor_v2


class Hostile:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, Any]:
        return self.call
