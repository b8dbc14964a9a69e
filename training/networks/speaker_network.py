"""Writes Resemblyzer's speaker encoder as ONNX: the same weights (float16), its mel filters inside.

Usage: python speaker_network.py pretrained.pt OUTPUT.onnx
Needs: pip install avatar-app, and pretrained.pt out of the wheel of Resemblyzer 0.1.4 (a wheel is a
zip archive; it need not be installed). The file is read without torch and without unpickling.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from avatar_app.engines.checkpoints.torch_file import read_torch_file

RATE, WINDOW, MELS, SIZE, LAYERS = 16_000, 400, 40, 256, 3
ORDER = (0, 3, 1, 2)
"""Gates of a cell: torch has input, forget, cell, output; ONNX input, output, forget, cell."""

Array = NDArray[np.float64]


def mel_filters() -> Array:
    """Slaney's triangles of equal area over 0 to 8 kHz, shape (201, 40)."""
    corners = hertz(np.linspace(0, mels(RATE / 2), MELS + 2))
    lines = np.linspace(0, RATE / 2, WINDOW // 2 + 1)[:, None]
    rising = (lines - corners[:-2]) / np.diff(corners)[:-1]
    falling = (corners[2:] - lines) / np.diff(corners)[1:]
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (corners[2:] - corners[:-2])


def mels(frequency: float) -> float:
    """Linear to 1 kHz, logarithmic above."""
    if frequency < 1000:
        return frequency * 3 / 200
    return float(15 + 27 * np.log(frequency / 1000) / np.log(6.4))


def hertz(mel: Array) -> Array:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) * (mel - 15) / 27))


def regated(weights: Array) -> Array:
    return np.concatenate([np.split(weights, 4)[gate] for gate in ORDER])


class Graph:
    def __init__(self, state: dict[str, Array]) -> None:
        self.state = state
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []

    def add(
        self, operator: str, inputs: list[str], outputs: list[str], **attributes: object
    ) -> str:
        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs[0]

    def weight(self, name: str, values: Array) -> str:
        half = np.ascontiguousarray(values, np.float16)
        self.stored.append(numpy_helper.from_array(half, f"{name}.half"))
        return self.add("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT)

    def whole(self, name: str, values: object, dtype: type) -> str:
        self.stored.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def layer(self, source: str, index: int) -> str:
        """(frames, n, size) → the same; its last state is `state{index}`."""
        own = {
            kind: regated(self.state[f"lstm.{kind}_l{index}"])
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        inputs = [
            source,
            self.weight(f"W{index}", own["weight_ih"][None]),
            self.weight(f"R{index}", own["weight_hh"][None]),
            self.weight(f"B{index}", np.concatenate([own["bias_ih"], own["bias_hh"]])[None]),
        ]
        outputs = [f"directed{index}", f"state{index}"]
        self.add("LSTM", inputs, outputs, hidden_size=SIZE)
        return self.add("Squeeze", [outputs[0], "axis1"], [f"out{index}"])


def build(state: dict[str, Array]) -> onnx.ModelProto:
    graph = Graph(state)
    graph.whole("axis1", [1], np.int64)
    graph.whole("axis0", [0], np.int64)
    graph.whole("filters", mel_filters(), np.float32)
    graph.add("MatMul", ["spectra", "filters"], ["mels"])
    source = graph.add("Transpose", ["mels"], ["frames"], perm=[1, 0, 2])
    for index in range(LAYERS):
        source = graph.layer(source, index)
    last = graph.add("Squeeze", [f"state{LAYERS - 1}", "axis0"], ["last"])
    names = [graph.weight(f"linear.{part}", state[f"linear.{part}"]) for part in ("weight", "bias")]
    graph.add("Gemm", [last, *names], ["sums"], transB=1)
    graph.add("Relu", ["sums"], ["raw"])
    graph.add("LpNormalization", ["raw"], ["embeddings"], axis=1, p=2)
    shaped = helper.make_tensor_value_info
    whole = helper.make_graph(
        graph.nodes,
        "speaker_encoder",
        [shaped("spectra", TensorProto.FLOAT, ["n", "frames", WINDOW // 2 + 1])],
        [shaped("embeddings", TensorProto.FLOAT, ["n", SIZE])],
        graph.stored,
    )
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def main(source: Path, target: Path) -> None:
    state = read_torch_file(source)["model_state"]
    model = build({name: tensor.read().astype(np.float64) for name, tensor in state.items()})
    onnx.checker.check_model(model)
    target.write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
