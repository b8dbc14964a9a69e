"""Splits a graph into parts that run one after the other, each with a share of the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from avatar_app.engines.face.wav2lip.model import Model, head, initializer

Shapes = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive nodes of the graph."""

    path: Path
    """An ONNX file; it may be deleted when the next part is requested."""
    inputs: Sequence[str]
    """The graph's inputs that are used by this part, and the outputs of the previous one."""
    outputs: Sequence[str]


def parts(model: Model, path: Path, most_bytes: int, shape_of: Shapes) -> Iterator[Part]:
    """Yield the whole graph, in order; a part ends once it has `most_bytes` of weights and a single
    tensor leads on.

    `shape_of` is asked for the shapes of a part's inputs after the previous part was yielded. A
    graph with fewer weights is one part.
    """
    values = {value.name: value for value in (*model.graph.input, *model.graph.output)}
    left = list(model.graph.node)
    source = ""
    while left:
        if source:
            shape = shape_of(source)
            values[source] = helper.make_tensor_value_info(source, TensorProto.FLOAT, shape)
        with path.open("wb") as file:
            nodes = _written(model, left, file.write, most_bytes)
            left = left[len(nodes) :]
            inputs = [n for n in values if any(n in node.input for node in nodes)]
            source = nodes[-1].output[0] if left else ""
            outputs = [source] if left else [value.name for value in model.graph.output]
            ends = {name: values.get(name, onnx.ValueInfoProto(name=name)) for name in outputs}
            known = [values[name] for name in inputs]
            file.write(head(helper.make_graph(nodes, "part", known, list(ends.values()))))
        yield Part(path, inputs, outputs)


def _written(
    model: Model,
    left: Sequence[onnx.NodeProto],
    write: Callable[[bytes | memoryview], object],
    most_bytes: int,
) -> list[onnx.NodeProto]:
    """Write the weights of the first nodes of `left`; returns these nodes."""
    nodes: list[onnx.NodeProto] = []
    size = 0
    for index, node in enumerate(left, 1):
        nodes.append(node)
        for name in node.input:
            if name in model.weights:
                for piece in initializer(name, model.weights[name]()):
                    size += len(piece)
                    write(piece)
        if size >= most_bytes and _goes_on_alone(nodes, left[index:], model.graph):
            break
    return nodes


def _goes_on_alone(
    nodes: Sequence[onnx.NodeProto], left: Sequence[onnx.NodeProto], graph: onnx.GraphProto
) -> bool:
    """Return whether later nodes use nothing but the last node's output."""
    made = {name for node in nodes for name in node.output}
    used = {name for node in left for name in node.input} | {each.name for each in graph.output}
    alone = made & used == set(nodes[-1].output)
    return bool(left) and alone and left[0].op_type not in _FOLLOWERS


_FOLLOWERS = ("Relu", "Add", "Sigmoid", "Reshape")
"""Operations that runtimes fuse with the node before."""
