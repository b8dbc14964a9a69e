"""An ONNX graph whose weights are generated one at a time, while it is written.

Loading a network usually holds its weights in memory several times; this way only as often as the
runtime itself needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weight = Callable[[], NDArray[Any]]
"""Generates the weight again at each call."""
_OPSET = 17
_IR = 9
_GRAPH_OF_MODEL = 7
_INITIALIZER_OF_GRAPH = 5
_RAW_DATA_OF_TENSOR = 9
_MORE = 0x80


@dataclass(frozen=True, slots=True)
class Model:
    """A graph and its weights, stored separately."""

    graph: onnx.GraphProto
    weights: Mapping[str, Weight]

    @classmethod
    def of(cls, graph: onnx.GraphProto) -> Model:
        """Create a graph that contains its weights."""
        bare = onnx.GraphProto()
        bare.CopyFrom(graph)
        del bare.initializer[:]
        weights = {each.name: partial(numpy_helper.to_array, each) for each in graph.initializer}
        return cls(bare, weights)

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield an ONNX file in pieces.

        Consecutive parts of a message are one message:
        https://protobuf.dev/programming-guides/encoding/#last-one-wins
        """
        yield head(self.graph)
        for name, weight in self.weights.items():
            yield from initializer(name, weight())

    @contextmanager
    def written(self) -> Iterator[Path]:
        """Write to a temporary file, as some runtimes keep a copy of bytes passed to them."""
        with TemporaryDirectory(prefix="avatar-app-") as folder:
            path = Path(folder) / "graph.onnx"
            with path.open("wb") as file:
                for piece in self.pieces():
                    file.write(piece)
            yield path


def head(graph: onnx.GraphProto) -> bytes:
    """Return an ONNX file without weights."""
    opsets = [helper.make_opsetid("", _OPSET)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=_IR).SerializeToString())


def initializer(name: str, weight: NDArray[Any]) -> Iterator[bytes | memoryview]:
    """Return a weight as it is written before or after a `head`."""
    values = np.ascontiguousarray(weight)
    kind = helper.np_dtype_to_tensor_dtype(values.dtype)
    tensor = TensorProto(name=name, dims=weight.shape, data_type=kind).SerializeToString()
    tensor += _begun(_RAW_DATA_OF_TENSOR, values.nbytes)
    inner = _begun(_INITIALIZER_OF_GRAPH, len(tensor) + values.nbytes)
    yield _begun(_GRAPH_OF_MODEL, len(inner) + len(tensor) + values.nbytes) + inner + tensor
    yield values.reshape(-1).view(np.uint8).data


def _begun(field: int, length: int) -> bytes:
    """Return the header of a field of `length` bytes."""
    return bytes([field << 3 | 2]) + _number(length)


def _number(value: int) -> bytes:
    """Encode a number as protobuf does: seven bits at a time, the lowest first."""
    digits = []
    while value >= _MORE:
        digits.append(value % _MORE | _MORE)
        value //= _MORE
    return bytes([*digits, value])
