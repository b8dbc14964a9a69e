"""Writes the trained classifier as ONNX, with the phrase and its scale as metadata."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnx
import torch
from network import WordNetwork
from onnx import TensorProto, helper, numpy_helper

NODES = (
    ("Sub", ("embeddings", "mean"), ("centered",), {}),
    ("Div", ("centered", "spread"), ("scaled",), {}),
    ("Transpose", ("scaled",), ("seen",), {"perm": [0, 2, 1]}),
    ("Conv", ("seen", "first.weight", "first.bias"), ("first",), {"pads": [1, 1]}),
    ("Relu", ("first",), ("first_on",), {}),
    ("Conv", ("first_on", "second.weight", "second.bias"), ("second",), {"pads": [1, 1]}),
    ("Relu", ("second",), ("second_on",), {}),
    ("Flatten", ("second_on",), ("flat",), {}),
    ("Gemm", ("flat", "hidden.weight", "hidden.bias"), ("hidden",), {"transB": 1}),
    ("Relu", ("hidden",), ("hidden_on",), {}),
    ("Gemm", ("hidden_on", "answer.weight", "answer.bias"), ("logit",), {"transB": 1}),
    ("Sigmoid", ("logit",), ("probability",), {}),
)


def export(network: WordNetwork, path: Path, phrase: str, full_scale: float) -> None:
    """Writes `path`; raises AssertionError if onnxruntime does not answer as torch does."""
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    graph = helper.make_graph(
        [helper.make_node(kind, ins, outs, **more) for kind, ins, outs, more in NODES],
        "wake_word",
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", 16, 96])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch", 1])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    described = {"phrase": phrase, "full_scale": str(full_scale), "license": "GPL-3.0-or-later"}
    helper.set_model_props(model, described)
    onnx.checker.check_model(model)
    _check(network, model)
    path.write_bytes(model.SerializeToString())
    logging.info("%s: %d KiB", path, path.stat().st_size // 1024)


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    """What `export` has written into a file."""
    stored = onnx.load(path).graph.initializer
    return {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in stored}


def _check(network: WordNetwork, model: onnx.ModelProto) -> None:
    import onnxruntime

    seen = network.mean + network.spread * torch.randn(5, 16, 96)
    with torch.no_grad():
        expected = network(seen).numpy()
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (found,) = session.run(None, {"embeddings": seen.numpy()})
    np.testing.assert_allclose(found, expected, atol=1e-4)
