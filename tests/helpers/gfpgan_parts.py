"""Writes small networks in GFPGAN's format: RGB in [-1, 1], (1, 3, 512, 512), to the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

_KINDS = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "uint8": TensorProto.UINT8,
}


def write_network(
    path: Path,
    operator: str,
    constant: Any = None,
    side: int = 512,
    channels: int = 3,
    numbers: str = "float32",
) -> Path:
    """A network of one operator, its second operand `constant`."""
    kind, shape = _KINDS[numbers], [1, channels, side, side]
    stored = [] if constant is None else [numpy_helper.from_array(np.asarray(constant), "by")]
    operands = ["input", *(each.name for each in stored)]
    return _write(path, [helper.make_node(operator, operands, ["output"])], shape, stored, kind)


def write_larger(path: Path) -> Path:
    """A network that doubles the size."""
    scales = numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales")
    node = helper.make_node("Resize", ["input", "", "scales"], ["output"])
    return _write(path, [node], [1, 3, 512, 512], [scales], given=[1, 3, 1024, 1024])


def write_with_two_inputs(path: Path) -> Path:
    """CodeFormer's format: its weight is an input."""
    node = helper.make_node("Mul", ["input", "weight"], ["output"])
    return _write(path, [node], [1, 3, 512, 512], [], also=["weight"])


def _write(
    path: Path,
    nodes: list[Any],
    shape: list[int],
    stored: list[Any],
    kind: int = TensorProto.FLOAT,
    given: list[int] | None = None,
    also: list[str] | None = None,
) -> Path:
    inputs = [helper.make_tensor_value_info("input", kind, shape)]
    inputs += [helper.make_tensor_value_info(name, kind, [1]) for name in also or []]
    output = helper.make_tensor_value_info("output", kind, given or shape)
    graph = helper.make_graph(nodes, "gfpgan", inputs, [output], stored)
    opset = helper.make_opsetid("", 17)
    path.write_bytes(
        helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()
    )
    return path
