"""A graph whose weights and products have 16 bits; what goes in and comes out keeps 32."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_LARGEST = float(np.finfo(np.float16).max)


def halved(model: bytes) -> bytes:
    """The same graph, computed in 16-bit floating point."""
    half = onnx.ModelProto.FromString(model)
    graph = half.graph
    for each in graph.initializer:
        if each.data_type == TensorProto.FLOAT:
            values = np.clip(numpy_helper.to_array(each), -_LARGEST, _LARGEST)
            each.CopyFrom(numpy_helper.from_array(values.astype(np.float16), each.name))
    inside = {value.name: f"{value.name}.half" for value in (*graph.input, *graph.output)}
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [inside.get(name, name) for name in names]
    before = [_cast(each.name, inside[each.name], TensorProto.FLOAT16) for each in graph.input]
    after = [_cast(inside[each.name], each.name, TensorProto.FLOAT) for each in graph.output]
    nodes = [*before, *graph.node, *after]
    del graph.node[:]
    graph.node.extend(nodes)
    return bytes(half.SerializeToString())


def _cast(source: str, name: str, kind: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [source], [name], name=f"{name}.cast", to=kind)
