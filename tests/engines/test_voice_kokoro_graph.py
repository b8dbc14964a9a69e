"""A quantized graph is made quicker and more talkative, and computes what it did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from avatar_app.engines.tts.kokoro import graph
from avatar_app.engines.tts.kokoro.graph import DURATION, prepare_graph

CHANNELS, OUTPUTS, TIME = 8, 6, 40
MOST = 60
"""Of a weight: so small that signed products overflow on no processor."""


def quantized(taps: int, step: int, *, bias: bool, stride: int = 1) -> onnx.ModelProto:
    """A convolution as dynamic quantization leaves it, and durations as Kokoro makes them."""
    random = np.random.default_rng(taps)
    pad = step * (taps - 1) // 2
    weights = random.integers(128 - MOST, 128 + MOST, (OUTPUTS, CHANNELS, taps)).astype(np.uint8)
    values: dict[str, Any] = {
        "weights": weights,
        "weights_scale": np.float32(0.01),
        "weights_zero": np.uint8(128),
        "bias": random.normal(0, 1, OUTPUTS).astype(np.float32),
        "shape": np.array([1, -1, 1], np.int64),
        "least": np.float32(1),
    }
    node = helper.make_node
    nodes = [
        node("DynamicQuantizeLinear", ["sound"], ["frames", "scale", "zero"]),
        node(
            "ConvInteger", ["frames", "weights", "zero", "weights_zero"], ["sums"],
            dilations=[step], pads=[pad, pad], strides=[stride], kernel_shape=[taps],
        ),
        node("Mul", ["scale", "weights_scale"], ["scales"]),
    ]  # fmt: skip
    if bias:
        nodes += [
            node("Div", ["bias", "scales"], ["bias_steps"]),
            node("Floor", ["bias_steps"], ["bias_whole"]),
            node("Cast", ["bias_whole"], ["bias_integers"], to=TensorProto.INT32),
            node("Reshape", ["bias_integers", "shape"], ["bias_rows"]),
            node("Add", ["sums", "bias_rows"], ["biased"]),
        ]
    nodes += [
        node("Cast", ["biased" if bias else "sums"], ["floats"], to=TensorProto.FLOAT),
        node("Mul", ["floats", "scales"], ["audio"]),
        node("Round", ["lengths"], ["rounded"]),
        node("Clip", ["rounded", "least"], ["clipped"]),
        node("Cast", ["clipped"], ["frames_of_tokens"], to=TensorProto.INT64),
    ]
    body = helper.make_graph(
        nodes,
        "quantized",
        [
            helper.make_tensor_value_info("sound", TensorProto.FLOAT, [1, CHANNELS, "time"]),
            helper.make_tensor_value_info("lengths", TensorProto.FLOAT, ["n"]),
        ],
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, [1, OUTPUTS, None])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def computed(model: bytes) -> dict[str, Any]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    sound = np.random.default_rng(1).normal(0, 1, (1, CHANNELS, TIME)).astype(np.float32)
    lengths = np.array([0.2, 1.4, 2.6], np.float32)
    outputs = session.run(None, {"sound": sound, "lengths": lengths})
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, outputs, strict=True))


def kinds(model: bytes) -> set[str]:
    return {node.op_type for node in onnx.load_from_string(model).graph.node}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("taps", "step"), [(1, 1), (3, 1), (3, 5), (7, 3), (11, 1)])
def test_convolution_rewritten_as_product_gives_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taps: int, step: int, *, bias: bool
) -> None:
    monkeypatch.setattr(graph, "signed_products_are_exact", lambda: True)
    model, path = quantized(taps, step, bias=bias), tmp_path / "model.onnx"
    onnx.save(model, str(path))
    quick = prepare_graph(path)
    assert "ConvInteger" not in kinds(quick)
    before, after = computed(model.SerializeToString()), computed(quick)
    step_of_bias = 0.001 if bias else 1e-5  # the bias was rounded down to a step of the scales
    assert before["audio"].shape == after["audio"].shape
    assert np.abs(before["audio"] - after["audio"]).max() < step_of_bias


def test_durations_are_added_as_an_output(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(quantized(3, 1, bias=True), str(path))
    assert computed(prepare_graph(path))[DURATION].tolist() == [1, 1, 3]


def test_graph_keeps_its_convolutions_where_signed_products_overflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "signed_products_are_exact", lambda: False)
    path = tmp_path / "model.onnx"
    onnx.save(quantized(3, 1, bias=True), str(path))
    assert "ConvInteger" in kinds(prepare_graph(path))


def test_unexpected_nodes_are_left_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "signed_products_are_exact", lambda: True)
    model, path = quantized(3, 1, bias=False, stride=2), tmp_path / "model.onnx"
    onnx.save(model, str(path))
    quick = prepare_graph(path)
    assert "ConvInteger" in kinds(quick)
    assert np.array_equal(computed(quick)["audio"], computed(model.SerializeToString())["audio"])
