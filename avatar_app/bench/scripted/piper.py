"""A tiny Piper graph with its inputs and outputs, and its description.

Each number sounds for 1,024 samples at speed 1: a tone whose pitch encodes the number.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RATE = 22_050
SAMPLES = 1024
"""Of one number."""
FRAMES = 4
"""Of 256 samples, the duration that the graph returns for each number."""
SPEAKERS = {"anna": 0, "bert": 1}
_PHONEMES = "_^$ !,.:;?—ˈˌːaɑɐæbdðeəɛɜfɡhiɪjklmnŋoɔɒprɹsʃtuʊʌvwzʒθʔɾᵻ"


def write_piper(folder: Path, *, durations: bool = True, speakers: bool = False) -> Path:
    """Write the graph and its description; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(graph(durations=durations, speakers=speakers), str(folder / "en_US-test.onnx"))
    described = {
        "audio": {"sample_rate": RATE},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.0, "length_scale": 1, "noise_w": 0.0},
        "phoneme_type": "espeak",
        "phoneme_id_map": {symbol: [number] for number, symbol in enumerate(_PHONEMES)},
        "num_speakers": len(SPEAKERS) if speakers else 1,
        "speaker_id_map": SPEAKERS if speakers else {},
    }
    (folder / "en_US-test.onnx.json").write_text(json.dumps(described), encoding="utf-8")
    return folder


def graph(*, durations: bool, speakers: bool) -> onnx.ModelProto:
    """Build the graph: input int64 (1, n), input_lengths int64 (1,), scales float32 (3,), perhaps
    sid int64 (1,) → output float32 (1, 1, 1, samples); a speaker's number makes it louder."""
    constants: dict[str, np.ndarray] = {
        "time": np.arange(SAMPLES, dtype=np.float32)[None],
        "step": np.array([2 * np.pi * 20 / RATE], np.float32),
        "column": np.array([-1, 1], np.int64),
        "flat": np.array([-1], np.int64),
        "whole": np.array([1, 1, 1, -1], np.int64),
        "zero": np.array(0.0, np.float32),
        "second": np.array(1, np.int64),
        "axis": np.array(2, np.int64),
        "quiet": np.array([0.1], np.float32),
        "frames": np.array([FRAMES], np.float32),
        "none": np.array([0], np.float32),
        "single": np.array([1, 1, -1], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["input"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["numbers", "column"], ["rows"]),
        helper.make_node("Mul", ["rows", "step"], ["turning"]),
        helper.make_node("Mul", ["turning", "time"], ["phases"]),
        helper.make_node("Sin", ["phases"], ["tones"]),
        helper.make_node("Mul", ["tones", "quiet"], ["single_voice"]),
        *_loudness(speakers=speakers),
        helper.make_node("Reshape", ["loud", "flat"], ["plain"]),
        helper.make_node("Gather", ["scales", "second"], ["length"]),
        helper.make_node("Reciprocal", ["length"], ["pace"]),
        helper.make_node("Size", ["plain"], ["size"]),
        helper.make_node("Cast", ["size"], ["samples"], to=TensorProto.FLOAT),
        helper.make_node("Range", ["zero", "samples", "pace"], ["places"]),
        helper.make_node("Cast", ["places"], ["indices"], to=TensorProto.INT64),
        helper.make_node("Gather", ["plain", "indices"], ["sound"]),
        helper.make_node("Reshape", ["sound", "whole"], ["output"]),
    ]
    outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 1, "samples"])]
    if durations:
        nodes += [
            helper.make_node("Mul", ["numbers", "none"], ["nothing"]),
            helper.make_node("Mul", ["frames", "length"], ["each"]),
            helper.make_node("Add", ["nothing", "each"], ["lasting"]),
            helper.make_node("Reshape", ["lasting", "single"], ["row"]),
            helper.make_node("Ceil", ["row"], ["rounded"]),
            helper.make_node("CumSum", ["rounded", "axis"], ["passed"]),
        ]
    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, "n"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    if speakers:
        inputs.append(helper.make_tensor_value_info("sid", TensorProto.INT64, [1]))
    initial = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    body = helper.make_graph(nodes, "piper", inputs, outputs, initial)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model


def _loudness(*, speakers: bool) -> list[onnx.NodeProto]:
    if not speakers:
        return [helper.make_node("Identity", ["single_voice"], ["loud"])]
    return [
        helper.make_node("Cast", ["sid"], ["who"], to=TensorProto.FLOAT),
        helper.make_node("Exp", ["who"], ["factor"]),
        helper.make_node("Mul", ["single_voice", "factor"], ["loud"]),
    ]
