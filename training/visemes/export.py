"""Writes the trained network as ONNX, with what its user must know as metadata.

As it is written it hears every sound three times, as if from a longer and from a shorter throat
too, and answers with the mean: a woman or a child is then more like somebody whom it knows.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnx
import torch
from network import CONTEXTS, DELAY, UNITS, Lips, past_columns, start
from onnx import TensorProto, helper, numpy_helper
from targets import CLASSES

from avatar_app.engines.face.animation.spectrum import BANDS, HOP, WINDOW

THROATS = (0.86, 1.0, 1.16)
"""Where a band lies in what is heard, relative to where it lies in the sound."""
NODES = (
    ("Concat", ("past", "mel"), ("seen",), {"axis": 1}),
    ("Slice", ("seen", "from", "to", "columns"), ("past_after",), {}),
    ("MatMul", ("seen", "throats"), ("stretched",), {}),
    ("Reshape", ("stretched", "one_each"), ("each",), {}),
    ("Transpose", ("each",), ("bands_first",), {"perm": [1, 2, 0]}),
    ("Conv", ("bands_first", "near.weight", "near.bias"), ("near",), {}),
    ("Relu", ("near",), ("near_on",), {}),
    ("Conv", ("near_on", "wide.weight", "wide.bias"), ("wide",), {}),
    ("Relu", ("wide",), ("wide_on",), {}),
    ("Transpose", ("wide_on",), ("steps",), {"perm": [2, 0, 1]}),
    (
        "GRU",
        ("steps", "input", "recurrent", "biases", "", "memory"),
        ("remembered", "memory_after"),
        {"hidden_size": UNITS, "linear_before_reset": 1},
    ),
    ("Squeeze", ("remembered", "direction"), ("hidden",), {}),
    ("MatMul", ("hidden", "shape.weight"), ("shape_raw",), {}),
    ("Add", ("shape_raw", "shape.bias"), ("shape_sum",), {}),
    ("Softmax", ("shape_sum",), ("each_shapes",), {"axis": -1}),
    ("ReduceMean", ("each_shapes",), ("shapes",), {"axes": [1]}),
    ("MatMul", ("hidden", "curves.weight"), ("curves_raw",), {}),
    ("Add", ("curves_raw", "curves.bias"), ("curves_sum",), {}),
    ("Sigmoid", ("curves_sum",), ("each_curves",), {}),
    ("ReduceMean", ("each_curves",), ("curves",), {"axes": [1]}),
)


def export(lips: Lips, path: Path, command: str) -> None:
    """Writes `path`; raises AssertionError if onnxruntime does not answer as torch does."""
    graph = helper.make_graph(
        [helper.make_node(kind, ins, outs, **more) for kind, ins, outs, more in NODES],
        "lips",
        [
            _value("mel", 1, "columns_in", BANDS),
            _value("past", 1, past_columns(), BANDS),
            _value("memory", 1, len(THROATS), UNITS),
        ],
        [
            _value("shapes", "columns_in", 1, len(CLASSES)),
            _value("curves", "columns_in", 1, 2),
            _value("past_after", 1, past_columns(), BANDS),
            _value("memory_after", 1, len(THROATS), UNITS),
        ],
        [numpy_helper.from_array(value, name) for name, value in _weights(lips).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(
        model,
        {
            "classes": " ".join(CLASSES),
            "curves": "opening closure",
            "hop_seconds": str(HOP),
            "delay_columns": str(DELAY),
            "look_ahead_seconds": f"{DELAY * HOP + WINDOW / 2:.4f}",
            "contexts": " ".join(map(str, CONTEXTS)),
            "training_command": command,
            "license": "GPL-3.0-or-later",
        },
    )
    onnx.checker.check_model(model)
    _check(lips, model)
    path.write_bytes(model.SerializeToString())
    logging.info("%s: %d KiB", path, path.stat().st_size // 1024)


def _weights(lips: Lips) -> dict[str, np.ndarray]:
    weights = {name: value.detach().numpy() for name, value in lips.state_dict().items()}
    biases = [_ordered(weights.pop(f"memory.bias_{part}_l0")) for part in ("ih", "hh")]
    return {
        "input": _ordered(weights.pop("memory.weight_ih_l0"))[None],
        "recurrent": _ordered(weights.pop("memory.weight_hh_l0"))[None],
        "biases": np.concatenate(biases)[None],
        "shape.weight": np.ascontiguousarray(weights.pop("shape.weight").T),
        "curves.weight": np.ascontiguousarray(weights.pop("curves.weight").T),
        "from": np.array([-past_columns()]),
        "to": np.array([np.iinfo(np.int64).max]),
        "columns": np.array([1]),
        "direction": np.array([1]),
        "throats": np.concatenate([_stretch(factor) for factor in THROATS], axis=1),
        "one_each": np.array([-1, len(THROATS), BANDS]),
    } | weights


def _stretch(factor: float) -> np.ndarray:
    """Moves energy from band b · factor to band b, shape (BANDS, BANDS): mel @ it."""
    place = np.clip(np.arange(BANDS) * factor, 0, BANDS - 1)
    apart = np.abs(np.arange(BANDS)[:, None] - place)
    return np.maximum(1 - apart, 0).astype(np.float32)


def _ordered(gates: np.ndarray) -> np.ndarray:
    """PyTorch's reset, update, new as ONNX's update, reset, new."""
    reset, update, new = np.split(gates, 3)
    return np.concatenate([update, reset, new])


def _value(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _check(lips: Lips, model: onnx.ModelProto) -> None:
    import onnxruntime

    mel = torch.rand(1, 50, BANDS) * 3
    each = torch.cat([mel @ torch.from_numpy(_stretch(factor)) for factor in THROATS])
    with torch.no_grad():
        shape, curve, _, left = lips(each, *start(len(THROATS)))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = {
        "mel": mel.numpy(),
        "past": np.zeros((1, past_columns(), BANDS), np.float32),
        "memory": np.zeros((1, len(THROATS), UNITS), np.float32),
    }
    shapes, curves, _, after = session.run(None, given)
    np.testing.assert_allclose(shapes[:, 0], shape.softmax(-1).mean(0), atol=1e-4)
    np.testing.assert_allclose(curves[:, 0], curve.sigmoid().mean(0), atol=1e-4)
    np.testing.assert_allclose(after, left, atol=1e-4)
