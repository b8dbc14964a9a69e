"""A tiny Kokoro graph with its inputs and outputs, and a file of voices.

Each phoneme sounds for 50 ms: a tone whose pitch encodes the phoneme, as loud as the style says.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PHONEME = 1200
"""Samples of one phoneme, at 24 kHz and speed 1."""
FRAMES = 2
"""The duration that the graph returns for each phoneme."""
VOICES = {"af_heart": 0.2, "am_adam": 0.4, "bf_emma": 0.3, "jf_alpha": 0.3, "if_sara": 0.3}
"""Names and loudness of the voices."""


def write_kokoro(folder: Path, *, durations: bool = False, noise: float = 0.0) -> Path:
    """Write the graph and the voices; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(graph(durations=durations, noise=noise), str(folder / "kokoro-v1.0.onnx"))
    styles = {name: np.full((510, 1, 256), loud, np.float32) for name, loud in VOICES.items()}
    with (folder / "voices-v1.0.bin").open("wb") as file:
        np.savez(file, **styles)  # type: ignore[arg-type]  # its stub takes the names for options
    return folder


def graph(*, durations: bool, noise: float) -> onnx.ModelProto:
    """Build the graph: tokens int64 (1, n), style float32 (1, 256), speed float32 (1,) → audio
    float32 (samples,)"""
    time = np.arange(PHONEME, dtype=np.float32)[None]
    constants: dict[str, np.ndarray] = {
        "time": time,
        "step": np.array([2 * np.pi * 20 / 24_000], np.float32),
        "column": np.array([-1, 1], np.int64),
        "flat": np.array([-1], np.int64),
        "zero": np.array(0.0, np.float32),
        "first": np.array([0], np.int64),
        "silent": np.array([0.5], np.float32),
        "frames": np.array([FRAMES], np.int64),
        "scale": np.array([noise], np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["tokens"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["numbers", "column"], ["rows"]),
        helper.make_node("Greater", ["rows", "silent"], ["sounding"]),
        helper.make_node("Cast", ["sounding"], ["heard"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["rows", "silent"], ["pitches"]),
        helper.make_node("Mul", ["pitches", "step"], ["turning"]),
        helper.make_node("Mul", ["turning", "time"], ["phases"]),
        helper.make_node("Sin", ["phases"], ["tones"]),
        helper.make_node("Mul", ["tones", "heard"], ["spoken"]),
        helper.make_node("Gather", ["style", "first"], ["row"], axis=1),
        helper.make_node("Mul", ["spoken", "row"], ["loud"]),
        helper.make_node("RandomNormalLike", ["loud"], ["normal"], scale=1.0),
        helper.make_node("Mul", ["normal", "scale"], ["noise"]),
        helper.make_node("Add", ["loud", "noise"], ["together"]),
        helper.make_node("Reshape", ["together", "flat"], ["plain"]),
        helper.make_node("Size", ["plain"], ["size"]),
        helper.make_node("Cast", ["size"], ["length"], to=TensorProto.FLOAT),
        helper.make_node("Squeeze", ["speed"], ["pace"]),
        helper.make_node("Range", ["zero", "length", "pace"], ["places"]),
        helper.make_node("Cast", ["places"], ["indices"], to=TensorProto.INT64),
        helper.make_node("Gather", ["plain", "indices"], ["audio"]),
    ]
    outputs = [helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["samples"])]
    if durations:
        nodes += [
            helper.make_node("Reshape", ["tokens", "flat"], ["each"]),
            helper.make_node("Mul", ["each", "nothing"], ["zeros"]),
            helper.make_node("Add", ["zeros", "frames"], ["duration"]),
        ]
        constants["nothing"] = np.array([0], np.int64)
        outputs.append(helper.make_tensor_value_info("duration", TensorProto.INT64, ["n"]))
    inputs = [
        helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, "n"]),
        helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 256]),
        helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1]),
    ]
    initial = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    body = helper.make_graph(nodes, "kokoro", inputs, outputs, initial)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model
