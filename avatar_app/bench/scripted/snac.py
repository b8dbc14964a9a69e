"""A SNAC decoder of any width, with the true layers and random weights.

The network of SNAC (https://github.com/hubertsiuzdak/snac, MIT) as an ONNX graph, without noise: at
its published width it costs what the published one costs, and at any width a frame changes as much
sound around it. It says nothing that could be understood.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CODES, CODE_WIDTH = 4096, 8
REPEATS = (4, 2, 1)
"""How often each codebook's entries are repeated, to be as many as those of the last."""
LATENT = 768
"""Channels of the published network between codebooks and decoder."""
PUBLISHED = 1024
"""Channels of the published decoder's first layer."""
RATES = (8, 8, 4, 2)
"""Samples that each layer makes of one."""
DILATIONS = (1, 3, 9)
KERNEL = 7
LOUD = 0.5


class _Network:
    """Grows from codes to sound, a layer at a time."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, values: np.ndarray) -> str:
        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def convolved(
        self, x: str, inputs: int, outputs: int, kernel: int = 1, dilation: int = 1, groups: int = 1
    ) -> str:
        shape = (outputs, inputs // groups, kernel)
        pad = (kernel - 1) * dilation // 2
        weights = self.constant(self._normal(shape, shape[1] * kernel))
        bias = self.constant(self._normal((outputs,), 100))
        attributes: dict[str, Any] = {"dilations": [dilation], "group": groups, "pads": [pad, pad]}
        return self.node("Conv", x, weights, bias, **attributes)

    def upsampled(self, x: str, inputs: int, outputs: int, rate: int) -> str:
        pad = rate // 2
        weights = self.constant(self._normal((inputs, outputs, 2 * rate), 2 * inputs))
        bias = self.constant(self._normal((outputs,), 100))
        return self.node("ConvTranspose", x, weights, bias, strides=[rate], pads=[pad, pad])

    def snake(self, x: str, channels: int) -> str:
        """x + sin²(αx)/α"""
        alpha = self._random.uniform(0.5, 2.0, (1, channels, 1)).astype(np.float32)
        sine = self.node("Sin", self.node("Mul", x, self.constant(alpha)))
        bent = self.node("Mul", self.node("Mul", sine, sine), self.constant(1 / alpha))
        return self.node("Add", x, bent)

    def residual(self, x: str, channels: int, dilation: int) -> str:
        y = self.snake(x, channels)
        y = self.convolved(y, channels, channels, KERNEL, dilation, groups=channels)
        y = self.convolved(self.snake(y, channels), channels, channels)
        return self.node("Add", x, y)

    def looked_up(self, codes: str, repeats: int, latent: int) -> str:
        """Return the entries of a codebook, (1, latent, codes · repeats)."""
        book = self.constant(self._normal((CODES, CODE_WIDTH), 1))
        entries = self.node("Transpose", self.node("Gather", book, codes), perm=[0, 2, 1])
        wide = self.convolved(entries, CODE_WIDTH, latent)
        if repeats == 1:
            return wide
        column = self.node("Unsqueeze", wide, self.constant(np.array([3], np.int64)))
        tiled = self.node("Tile", column, self.constant(np.array([1, 1, 1, repeats], np.int64)))
        return self.node("Reshape", tiled, self.constant(np.array([1, latent, -1], np.int64)))

    def _normal(self, shape: tuple[int, ...], inputs: int) -> np.ndarray:
        return self._random.normal(0, (3 * inputs) ** -0.5, shape).astype(np.float32)


def write_snac(path: Path, width: int = 32, seed: int = 1) -> Path:
    """Write a decoder whose first layer has `width` channels: codes int64 (1, n), (1, 2n) and
    (1, 4n) → audio float32 (1, 1, 2048 n). One of the width PUBLISHED has 52 MB."""
    network = _Network(seed)
    latent = LATENT * width // PUBLISHED
    books = [
        network.looked_up(f"codes{index}", repeats, latent) for index, repeats in enumerate(REPEATS)
    ]
    x = network.node("Add", network.node("Add", books[0], books[1]), books[2])
    x = network.convolved(x, latent, latent, KERNEL, groups=latent)
    x = network.convolved(x, latent, width)
    for rate in RATES:
        x = network.upsampled(network.snake(x, width), width, width // 2, rate)
        width //= 2
        for dilation in DILATIONS:
            x = network.residual(x, width, dilation)
    x = network.convolved(network.snake(x, width), width, 1, KERNEL)
    quiet = network.node(
        "Mul", network.node("Tanh", x), network.constant(np.array([LOUD], np.float32))
    )
    network.nodes.append(helper.make_node("Identity", [quiet], ["audio"]))
    onnx.save(_model(network), str(path))
    return path


def _model(network: _Network) -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info(f"codes{index}", TensorProto.INT64, [1, f"n{index}"])
        for index in range(len(REPEATS))
    ]
    outputs = [helper.make_tensor_value_info("audio", TensorProto.FLOAT, [1, 1, "samples"])]
    graph = helper.make_graph(network.nodes, "snac", inputs, outputs, network.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model
