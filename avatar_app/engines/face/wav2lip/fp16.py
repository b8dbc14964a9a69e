"""Converts a graph to 16-bit weights and products; inputs and outputs keep 32 bits."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from avatar_app.engines.face.wav2lip.model import Model, Weight

_LARGEST = float(np.finfo(np.float16).max)


def convert_to_fp16(model: Model) -> Model:
    """Return the same graph, computed in 16-bit floating point."""
    graph = onnx.GraphProto()
    graph.CopyFrom(model.graph)
    inside = {value.name: f"{value.name}.half" for value in (*graph.input, *graph.output)}
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [inside.get(name, name) for name in names]
    before = [_cast(each.name, inside[each.name], TensorProto.FLOAT16) for each in graph.input]
    after = [_cast(inside[each.name], each.name, TensorProto.FLOAT) for each in graph.output]
    nodes = [*before, *graph.node, *after]
    del graph.node[:]
    graph.node.extend(nodes)
    return Model(graph, {name: partial(_half, each) for name, each in model.weights.items()})


def _half(weight: Weight) -> NDArray[Any]:
    values = weight()
    if values.dtype != np.float32:
        return values
    return np.clip(values, -_LARGEST, _LARGEST).astype(np.float16)


def _cast(source: str, name: str, kind: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [source], [name], name=f"{name}.cast", to=kind)
