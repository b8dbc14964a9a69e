"""The S3FD network: expected checkpoint entries, and the ONNX graph built from them.

Zhang et al., "S³FD: Single Shot Scale-invariant Face Detector" (2017): VGG16 whose layers of six
resolutions predict for every cell whether it contains a face, and where.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Arrays = Mapping[str, NDArray[np.float32]]

PICTURES = "pictures"
STRIDES = (4, 8, 16, 32, 64, 128)
"""Cell size of each level, in pixels."""
_OPSET = 17
_IR = 9
_TINY = 1e-10
"""Epsilon added to norms."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """A convolution, followed by a rectifier."""

    name: str
    inputs: int
    outputs: int
    kernel: int = 3
    stride: int = 1
    pad: int = 1
    pooled: bool = False
    """Whether its input is pooled to half size first."""


def _vgg() -> tuple[_Layer, ...]:
    layers = []
    inputs = 3
    for block, (outputs, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))):
        for index in range(count):
            halved = block > 0 and index == 0
            layers.append(_Layer(f"conv{block + 1}_{index + 1}", inputs, outputs, pooled=halved))
            inputs = outputs
    return tuple(layers)


_LAYERS = (
    *_vgg(),
    _Layer("fc6", 512, 1024, pad=3, pooled=True),
    _Layer("fc7", 1024, 1024, 1, pad=0),
    _Layer("conv6_1", 1024, 256, 1, pad=0),
    _Layer("conv6_2", 256, 512, stride=2),
    _Layer("conv7_1", 512, 128, 1, pad=0),
    _Layer("conv7_2", 128, 256, stride=2),
)
_NORMED = ("conv3_3", "conv4_3", "conv5_3")
_LEVELS = (*_NORMED, "fc7", "conv6_2", "conv7_2")
"""The layers from which faces are predicted, in the order of STRIDES."""
_BACKGROUNDS = 3
"""Background scores of the first level: the highest counts ("max-out background")."""


def score_name(level: int) -> str:
    """Return the output (n, 1, rows, columns): the probability of a face in each cell."""
    return f"score_{level}"


def box_name(level: int) -> str:
    """Return the output (n, 4, rows, columns): the position of the face in its cell, in the
    network's encoding."""
    return f"box_{level}"


def expected_shapes() -> dict[str, tuple[int, ...]]:
    """Return the 65 entries of the published state dict with their shapes."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in _LAYERS:
        shapes |= _convolution(layer.name, layer.inputs, layer.outputs, layer.kernel)
    channels = {layer.name: layer.outputs for layer in _LAYERS}
    for index, name in enumerate(_LEVELS):
        head = _head(name)
        if name in _NORMED:
            shapes[f"{head}.weight"] = (channels[name],)
        scores = 2 if index else _BACKGROUNDS + 1
        shapes |= _convolution(f"{head}_mbox_conf", channels[name], scores)
        shapes |= _convolution(f"{head}_mbox_loc", channels[name], 4)
    return shapes


def _convolution(
    name: str, inputs: int, outputs: int, kernel: int = 3
) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs, kernel, kernel), f"{name}.bias": (outputs,)}


def _head(name: str) -> str:
    return f"{name}_norm" if name in _NORMED else name


class _Graph:
    """Collects nodes and weights."""

    def __init__(self, state: Arrays) -> None:
        self.state = state
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name: str, values: NDArray[Any]) -> str:
        self.stored.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def convolved(self, source: str, name: str, stride: int = 1, pad: int = 1) -> str:
        weight = self.constant(f"{name}.weight", self.state[f"{name}.weight"])
        bias = self.constant(f"{name}.bias", self.state[f"{name}.bias"])
        strides, pads = [stride] * 2, [pad] * 4
        return self.add("Conv", [source, weight, bias], name, strides=strides, pads=pads)

    def normed(self, source: str, name: str) -> str:
        """Normalize each cell's vector to the length given by the weights."""
        length = self.add("ReduceL2", [source], f"{name}.length", axes=[1], keepdims=1)
        length = self.add("Add", [length, "tiny"], f"{name}.divisor")
        unit = self.add("Div", [source, length], f"{name}.unit")
        weight = self.state[f"{name}.weight"].reshape(1, -1, 1, 1)
        return self.add("Mul", [unit, self.constant(f"{name}.weight", weight)], f"{name}.out")

    def scored(self, source: str, head: str, level: int) -> None:
        """Return the probability of a face from two or four scores."""
        scores = self.convolved(source, f"{head}_mbox_conf")
        backgrounds = _BACKGROUNDS if level == 0 else 1
        sizes = self.constant(f"{head}.sizes", np.array([backgrounds, 1], np.int64))
        none, face = f"{head}.none", f"{head}.face"
        self.nodes.append(helper.make_node("Split", [scores, sizes], [none, face], axis=1))
        none = self.add("ReduceMax", [none], f"{head}.background", axes=[1], keepdims=1)
        difference = self.add("Sub", [face, none], f"{head}.difference")
        self.add("Sigmoid", [difference], score_name(level))


def s3fd_graph(state: Arrays) -> bytes:
    """Build the graph `pictures` (n, 3, height, width), BGR less the mean → `score_0`, `box_0` …
    `box_5`."""
    graph = _Graph(state)
    graph.constant("tiny", np.array(_TINY, np.float32))
    source = PICTURES
    for layer in _LAYERS:
        if layer.pooled:
            halves = {"kernel_shape": [2, 2], "strides": [2, 2]}
            source = graph.add("MaxPool", [source], f"{layer.name}.halved", **halves)
        name = graph.convolved(source, layer.name, layer.stride, layer.pad)
        source = graph.add("Relu", [name], f"{layer.name}.out")
    for level, name in enumerate(_LEVELS):
        head, feature = _head(name), f"{name}.out"
        feature = graph.normed(feature, head) if name in _NORMED else feature
        graph.scored(feature, head, level)
        graph.add("Identity", [graph.convolved(feature, f"{head}_mbox_loc")], box_name(level))
    return _model(graph)


def _model(graph: _Graph) -> bytes:
    outputs = {score_name(level): 1 for level in range(len(STRIDES))}
    outputs |= {box_name(level): 4 for level in range(len(STRIDES))}
    shaped = helper.make_tensor_value_info
    whole = helper.make_graph(
        graph.nodes,
        "s3fd",
        [shaped(PICTURES, TensorProto.FLOAT, ["n", 3, "height", "width"])],
        [
            shaped(name, TensorProto.FLOAT, ["n", size, None, None])
            for name, size in outputs.items()
        ],
        graph.stored,
    )
    opsets = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(whole, opset_imports=opsets, ir_version=_IR)
    return bytes(model.SerializeToString())
