"""Quantizes a graph's convolutions to 8 bits, with scales calibrated on typical input.

Weights: symmetric, one scale per output channel, 181 steps, so that the sum of two products fits
into the 16 bits that processors without VNNI use for it. Activations: asymmetric, one scale per
tensor, 256 steps. Written as QuantizeLinear and DequantizeLinear, which onnxruntime and OpenVINO
fuse. https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from avatar_app.engines.face.wav2lip.model import Model, Weight

Floats = NDArray[np.float32]
Feeds = Mapping[str, Floats]
Open = Callable[[Model], Callable[[Feeds], Mapping[str, Floats]]]
"""Compiles a graph and returns the function that runs it."""
_LARGEST_STEP = 90
"""Two products of 255 and 90 overflow only if both weights and both activations exceed 0.84 of
their maximum; 63 could never overflow, and loses 1 dB more."""
_LEAST_WEIGHT = 1e-12
_MOST = 2**30
"""Limit of a quantized bias, in steps."""
_LEVELS = 255


@dataclass(frozen=True, slots=True)
class Range:
    """Minimum and maximum of a tensor's values; always includes 0."""

    lowest: float = 0.0
    highest: float = 0.0

    @property
    def scale(self) -> float:
        return max(self.highest - self.lowest, 1e-6) / _LEVELS

    @property
    def zero(self) -> int:
        return round(-self.lowest / self.scale)

    def widened(self, values: Floats) -> Range:
        lowest, highest = float(values.min()), float(values.max())
        return Range(min(self.lowest, lowest), max(self.highest, highest))


Ranges = Mapping[str, Range]
"""By name of the tensor."""


def measured(
    model: Model, exact: Container[str], samples: Sequence[Feeds], open_it: Open
) -> Ranges:
    """Run the graph on `samples`, and return the ranges of its convolutions' inputs and outputs.

    `exact`: names of the convolutions that are not quantized.
    """
    graph = _copied(model.graph)
    ends = (_ends(node, graph) for node in graph.node if _is_chosen(node, exact))
    ranges = {name: Range() for pair in ends for name in pair}
    io_names = {value.name for value in (*graph.output, *graph.input)}
    graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in ranges
        if name not in io_names
    )
    compute = open_it(Model(graph, model.weights))
    for feeds in samples:
        values = {**feeds, **compute(feeds)}
        ranges = {name: each.widened(values[name]) for name, each in ranges.items()}
    return ranges


def quantize(model: Model, exact: Container[str], ranges: Ranges) -> Model:
    """Return the graph in 8 bits, except for the convolutions whose names are in `exact`."""
    return _Rewriter(model, exact, ranges).rewritten()


def _copied(graph: onnx.GraphProto) -> onnx.GraphProto:
    copy = onnx.GraphProto()
    copy.CopyFrom(graph)
    return copy


def _is_chosen(node: onnx.NodeProto, exact: Container[str]) -> bool:
    return node.op_type == "Conv" and node.name not in exact


def _ends(node: onnx.NodeProto, graph: onnx.GraphProto) -> tuple[str, str]:
    """Return the names of the input tensor and the output tensor, the latter after a ReLU that
    follows."""
    output = node.output[0]
    followers = [each for each in graph.node if output in each.input]
    rectified = len(followers) == 1 and followers[0].op_type == "Relu"
    return node.input[0], followers[0].output[0] if rectified else output


class _Rewriter:
    """Inserts quantization before and after the chosen convolutions."""

    def __init__(self, model: Model, exact: Container[str], ranges: Ranges) -> None:
        self._graph = _copied(model.graph)
        self._exact = exact
        self._ranges = ranges
        self._weights: dict[str, Weight] = dict(model.weights)
        self._nodes: list[onnx.NodeProto] = []
        self._rounded: dict[str, str] = {}
        """Name of the quantized tensor, by the tensor's name."""

    def rewritten(self) -> Model:
        graph = self._graph
        shown = {output.name for output in graph.output}
        for value in graph.input:
            self._round(value.name)
        for node in list(graph.node):
            inputs = [self._rounded.get(name, name) for name in node.input]
            if _is_chosen(node, self._exact):
                inputs[1:] = self._filter(node)
            del node.input[:]
            node.input.extend(inputs)
            self._nodes.append(node)
            if node.output[0] not in shown:
                self._round(node.output[0])
        used = {name for node in self._nodes for name in node.input}
        del graph.node[:]
        graph.node.extend(self._nodes)
        return Model(graph, {name: each for name, each in self._weights.items() if name in used})

    def _round(self, name: str) -> None:
        """Quantize a tensor for all its later uses, if its range is known."""
        if name not in self._ranges:
            return
        span, source = self._ranges[name], name
        before = self._nodes[-1] if self._nodes else None
        if before is not None and before.op_type == "Relu" and span.zero == 0:
            source = before.input[0]  # unsigned numbers cut off what is negative anyway
            self._nodes.pop()
        scale = self._constant(f"{name}.scale", np.array(span.scale, np.float32))
        zero = self._constant(f"{name}.zero", np.array(span.zero, np.uint8))
        steps = self._add("QuantizeLinear", [source, scale, zero], f"{name}.q")
        self._rounded[name] = self._add("DequantizeLinear", [steps, scale, zero], f"{name}.dq")

    def _filter(self, node: onnx.NodeProto) -> list[str]:
        """Return the quantized weights and bias of a convolution."""
        source, weight = node.input[0], self._weights[node.input[1]]()
        largest = np.abs(weight).reshape(len(weight), -1).max(axis=1)
        scales = (np.maximum(largest, _LEAST_WEIGHT) / _LARGEST_STEP).astype(np.float32)
        steps = np.rint(weight / scales.reshape(-1, 1, 1, 1)).astype(np.int8)
        names = [self._stored(node.input[1], steps, scales)]
        if len(node.input) > 2:
            fine = scales * np.float32(self._ranges[source].scale)
            bias = np.rint(np.clip(self._weights[node.input[2]]() / fine, -_MOST, _MOST))
            names.append(self._stored(node.input[2], bias.astype(np.int32), fine))
        return names

    def _stored(self, name: str, steps: NDArray[np.signedinteger], scales: Floats) -> str:
        names = [
            self._constant(f"{name}.steps", steps),
            self._constant(f"{name}.scales", scales),
            self._constant(f"{name}.zeros", np.zeros(len(scales), steps.dtype)),
        ]
        return self._add("DequantizeLinear", names, f"{name}.dq", axis=0)

    def _constant(self, name: str, values: NDArray[np.generic]) -> str:
        self._weights[name] = lambda: values
        return name

    def _add(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name
