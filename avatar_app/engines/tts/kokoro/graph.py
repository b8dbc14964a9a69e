"""Modifies Kokoro's graph to output durations, and speeds up quantized graphs exactly.

Dynamic quantization turns each convolution into a ConvInteger with unsigned weights, then a bias, a
cast and a scale. onnxruntime computes unsigned by unsigned products less than half as fast as
unsigned by signed ones on a processor with instructions for the latter. On such a processor, a
convolution becomes a single matrix product of the input frames, concatenated for each tap, with
signed weights. Nothing is quantized again. On others the signed products would overflow, and the
graph is unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from avatar_app.engines.onnx_session import create_session

DURATION = "duration"
"""Name of the output with each token's frames, as kokoro-onnx expects it."""
_CONTRIB = "com.microsoft"
_END = 1 << 40
_UNSIGNED_TO_SIGNED = 128


def prepare_graph(path: Path) -> bytes:
    """Return the graph of a file. Raises onnx' errors if it is damaged."""
    model = onnx.load(str(path))
    _tell_durations(model.graph)
    if any(node.op_type == "ConvInteger" for node in model.graph.node):
        if all(each.domain != _CONTRIB for each in model.opset_import):
            model.opset_import.append(helper.make_opsetid(_CONTRIB, 1))
        if signed_products_are_exact():
            _Rewriting(model.graph).run()
    return bytes(model.SerializeToString())


def signed_products_are_exact() -> bool:
    """Return whether unsigned by signed products are exact on this processor, by trying it: with
    AVX2 alone they overflow (onnxruntime: “quantization, when to use reduce_range”)."""
    size = 64
    weights = numpy_helper.from_array(np.full((size, size), 127, np.int8), "weights")
    node = helper.make_node("MatMulInteger", ["frames", "weights"], ["product"])
    frames = helper.make_tensor_value_info("frames", TensorProto.UINT8, [size, size])
    product = helper.make_tensor_value_info("product", TensorProto.INT32, [size, size])
    graph = helper.make_graph([node], "trial", [frames], [product], [weights])
    trial = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = create_session(trial.SerializeToString())
    found = session.run(None, {"frames": np.full((size, size), 255, np.uint8)})[0]
    return bool((found == 255 * 127 * size).all())


def _tell_durations(graph: Any) -> None:
    """Add the durations as an output: the frames of each token are rounded, clipped to at least
    one, and cast."""
    if any(output.name == DURATION for output in graph.output):
        return
    made = {node.output[0]: node for node in graph.node}
    found = [
        node.output[0]
        for node in graph.node
        if node.op_type == "Cast"
        and (clip := made.get(node.input[0])) is not None
        and clip.op_type == "Clip"
        and (rounded := made.get(clip.input[0])) is not None
        and rounded.op_type == "Round"
    ]
    if len(found) == 1:
        graph.node.append(helper.make_node("Identity", found, [DURATION]))
        graph.output.append(helper.make_tensor_value_info(DURATION, TensorProto.INT64, None))


@dataclass(frozen=True, slots=True)
class _Convolution:
    """A ConvInteger and the nodes after it, up to its output in floats."""

    name: str
    frames: str
    """Input: uint8 (1, channels, time)."""
    frames_scale: str
    frames_zero: str
    weights: str
    weights_scale: str
    weights_zero: str
    bias: str
    """Empty if there is no bias."""
    output: str
    taps: int
    step: int
    """Samples between two taps (dilation)."""
    replaces: frozenset[str]
    """Names of the outputs of the nodes that are removed."""


class _Rewriting:
    """Replaces the convolutions of one graph by matrix products."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._values = {each.name: each for each in graph.initializer}
        self._made = {output: node for node in graph.node for output in node.output}
        self._users: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                self._users.setdefault(name, []).append(node)
        self._new: dict[str, Any] = {}
        self._turned: set[str] = set()
        """Frames that are already transposed."""

    def run(self) -> None:
        """Replace each convolution of the expected form; leave the others."""
        graph = self._graph
        found = {node.output[0]: self._convolution(node) for node in graph.node}
        replaced = {name for each in found.values() if each for name in each.replaces}
        if not replaced:
            return
        nodes: list[Any] = []
        for node in graph.node:
            if convolution := found[node.output[0]]:
                nodes += self._product(convolution)
            elif replaced.isdisjoint(node.output):
                nodes.append(node)
        used = {name for node in nodes for name in node.input}
        values = [each for each in graph.initializer if each.name in used] + list(
            self._new.values()
        )
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(nodes)
        graph.initializer.extend(values)

    def _convolution(self, node: Any) -> _Convolution | None:
        """Return the convolution of a ConvInteger node; None for other nodes and other forms."""
        if node.op_type != "ConvInteger":
            return None
        facts = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        if len(node.input) != 4 or node.input[1] not in self._values or facts.get("group", 1) != 1:
            return None
        weights, step = self._values[node.input[1]], facts.get("dilations", [1])
        if len(weights.dims) != 3 or facts.get("strides", [1]) != [1]:
            return None
        taps, pads = int(weights.dims[2]), list(facts.get("pads", [0, 0]))
        if pads[0] != pads[1] or 2 * pads[0] != step[0] * (taps - 1):
            return None
        return self._followed(node, taps, step[0])

    def _followed(self, node: Any, taps: int, step: int) -> _Convolution | None:
        goes = [node.output[0]]
        then, bias = self._only_user(goes[-1]), ""
        if then is not None and then.op_type == "Add":
            added = next(name for name in then.input if name != goes[-1])
            bias, chain = self._bias(added)
            if not bias:
                return None
            goes += [*chain, then.output[0]]
            then = self._only_user(then.output[0])
        if then is None or then.op_type != "Cast":
            return None
        goes.append(then.output[0])
        scaled = self._only_user(goes[-1])
        scales = scaled is not None and self._made.get(
            next(name for name in scaled.input if name != goes[-1])
        )
        if not scales or scaled.op_type != "Mul" or scales.op_type != "Mul":
            return None
        known = [name for name in scales.input if name in self._values]
        made = [name for name in scales.input if name not in self._values]
        if len(known) != 1 or len(made) != 1:
            return None
        return _Convolution(
            scaled.output[0], node.input[0], made[0], node.input[2], node.input[1], known[0],
            node.input[3], bias, scaled.output[0], taps, step,
            frozenset([*goes, scales.output[0], scaled.output[0]]),
        )  # fmt: skip

    def _only_user(self, name: str) -> Any:
        users = self._users.get(name, [])
        return users[0] if len(users) == 1 else None

    def _bias(self, name: str) -> tuple[str, list[str]]:
        """Return the float bias from which a quantized one is computed, and the nodes that do
        so."""
        chain: list[str] = []
        while (node := self._made.get(name)) is not None:
            chain.append(name)
            name = node.input[0]
            if node.op_type == "Div":
                return (name if name in self._values else ""), chain
        return "", chain

    def _product(self, found: _Convolution) -> Iterator[Any]:
        """(1, channels, time) → (1, time, taps · channels) → product → (1, outputs, time)."""
        turned = f"{found.frames}_turned"
        if turned not in self._turned:
            self._turned.add(turned)
            yield helper.make_node("Transpose", [found.frames], [turned], perm=[0, 2, 1])
        frames = turned
        if found.taps > 1:
            frames = f"{found.name}_taps"
            yield from self._side_by_side(found, turned, frames)
        weights, zero = self._weights(found)
        inputs = [
            frames,
            weights,
            found.frames_scale,
            found.weights_scale,
            found.frames_zero,
            zero,
            *([found.bias] if found.bias else []),
        ]
        product = f"{found.name}_product"
        yield helper.make_node("MatMulIntegerToFloat", inputs, [product], domain=_CONTRIB)
        yield helper.make_node("Transpose", [product], [found.output], perm=[0, 2, 1])

    def _side_by_side(self, found: _Convolution, turned: str, output: str) -> Iterator[Any]:
        padded, reach = f"{found.name}_padded", found.step * (found.taps - 1)
        margins = self._integers(0, reach // 2, 0, 0, reach // 2, 0)
        yield helper.make_node("Pad", [turned, margins, found.frames_zero], [padded])
        shifted = [f"{found.name}_tap{tap}" for tap in range(found.taps)]
        for tap, name in enumerate(shifted):
            begin, end = tap * found.step, tap * found.step - reach or _END
            bounds = [self._integers(begin), self._integers(end), self._integers(1)]
            yield helper.make_node("Slice", [padded, *bounds], [name])
        yield helper.make_node("Concat", shifted, [output], axis=2)

    def _weights(self, found: _Convolution) -> tuple[str, str]:
        """(outputs, channels, taps) → (taps · channels, outputs)."""
        weights = numpy_helper.to_array(self._values[found.weights])
        rows = weights.transpose(2, 1, 0).reshape(-1, weights.shape[0])
        zero = numpy_helper.to_array(self._values[found.weights_zero])
        if weights.dtype == np.uint8:
            rows, zero = _signed(rows), _signed(zero)
        return (
            self._keep(f"{found.name}_weights", rows),
            self._keep(f"{found.weights_zero}_{zero.dtype}", zero),
        )

    def _integers(self, *values: int) -> str:
        name = "integers_" + "_".join(str(value).replace("-", "m") for value in values)
        return self._keep(name, np.array(values, np.int64))

    def _keep(self, name: str, values: Any) -> str:
        if name not in self._new:
            self._new[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name


def _signed(unsigned: Any) -> Any:
    return (unsigned.astype(np.int16) - _UNSIGNED_TO_SIGNED).astype(np.int8)
