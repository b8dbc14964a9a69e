"""LivePortrait's networks in their true format, with weights set by hand: their answer is known.

- The appearance extractor packs the crop's pixels into the feature volume; nothing is lost.
- The motion extractor turns the head by how much redder than green the crop is; the mouth's point
  14 is lowered by its blue. The other points are constants.
- The generator unpacks the pixels and shifts them by the mean way of the keypoints.
- Stitching takes half of that way back; eyes and lips lower all points by the change of the ratio.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

POINTS, SIDE = 21, 256
YAW = 60.0
"""Degrees for a crop that is wholly red."""
LOWERED = 0.05
"""Of point 14, for a crop that is wholly blue."""
RATIO = 0.1
"""How far all points go down for a ratio that grows by 1."""
HELD = 0.5
"""Share of the points' mean way that stitching takes back."""
_BLOCK = 4


def canonical() -> np.ndarray:
    """The points of everybody: their middle lies before the axis about which they turn."""
    points = np.random.default_rng(4).uniform(-0.3, 0.3, (POINTS, 3))
    return (points - points.mean(axis=0) + [0, 0, 0.4]).astype(np.float32)


def write_live_portrait(folder: Path, *, helpful: bool = True) -> Path:
    """Write the folder; without `helpful` it has no stitching, eyes and lips."""
    folder.mkdir(parents=True, exist_ok=True)
    _save(folder, "appearance_feature_extractor", *_appearance())
    _save(folder, "motion_extractor", *_motion())
    _save(folder, "warping_spade", *_warping())
    if helpful:
        _save(folder, "stitching", *_stitching())
        _save(folder, "stitching_eye", *_ratio(3))
        _save(folder, "stitching_lip", *_ratio(2))
    return folder


Parts = tuple[
    list[onnx.NodeProto], dict[str, list[int]], dict[str, list[int]], dict[str, np.ndarray]
]


def _save(
    folder: Path,
    name: str,
    nodes: list[onnx.NodeProto],
    inputs: dict[str, list[int]],
    outputs: dict[str, list[int]],
    constants: dict[str, np.ndarray],
) -> None:
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
        [numpy_helper.from_array(values, n) for n, values in constants.items()],
    )
    opsets = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(folder / f"{name}.onnx"))


def _appearance() -> Parts:
    nodes = [
        helper.make_node("SpaceToDepth", ["img"], ["packed"], blocksize=_BLOCK),
        helper.make_node("Pad", ["packed", "pads"], ["padded"]),
        helper.make_node("Reshape", ["padded", "shape"], ["output"]),
    ]
    constants = {
        "pads": np.array([0, 0, 0, 0, 0, 512 - 3 * _BLOCK**2, 0, 0], np.int64),
        "shape": np.array([1, 32, 16, 64, 64], np.int64),
    }
    return nodes, {"img": [1, 3, SIDE, SIDE]}, {"output": [1, 32, 16, 64, 64]}, constants


def _motion() -> Parts:
    """The scores of an angle are a bell around it, whose mean is that angle."""
    bins = (np.arange(66) * 3 - 97.5).astype(np.float32)[None]
    nodes = [
        helper.make_node("GlobalAveragePool", ["img"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["colors"]),
        helper.make_node("MatMul", ["colors", "to_yaw"], ["angle"]),
        helper.make_node("Sub", ["bins", "angle"], ["away"]),
        helper.make_node("Mul", ["away", "away"], ["square"]),
        helper.make_node("Mul", ["square", "bell"], ["yaw"]),
        helper.make_node("Mul", ["bins", "bins"], ["still"]),
        helper.make_node("Mul", ["still", "bell"], ["pitch"]),
        helper.make_node("Identity", ["pitch"], ["roll"]),
        helper.make_node("MatMul", ["colors", "to_exp"], ["exp"]),
        *(helper.make_node("Identity", [f"{n}_is"], [n]) for n in ("t", "scale", "kp")),
    ]
    to_exp = np.zeros((3, 3 * POINTS), np.float32)
    to_exp[2, 3 * 14 + 1] = LOWERED
    constants = {
        "to_yaw": np.array([[YAW], [-YAW], [0]], np.float32),
        "to_exp": to_exp,
        "bins": bins,
        "bell": np.array(-1 / 50, np.float32),
        "t_is": np.array([[0.05, -0.02, 3.0]], np.float32),
        "scale_is": np.array([[1.2]], np.float32),
        "kp_is": canonical().reshape(1, -1),
    }
    shapes = {"pitch": 66, "yaw": 66, "roll": 66, "t": 3, "exp": 63, "scale": 1, "kp": 63}
    outputs = {name: [1, size] for name, size in shapes.items()}
    return nodes, {"img": [1, 3, SIDE, SIDE]}, outputs, constants


def _warping() -> Parts:
    place = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE * 2 - 1
    across, down = np.meshgrid(place, place)
    base = np.stack([across, down, np.zeros_like(across)], axis=-1)[None, None]
    nodes = [
        helper.make_node("Reshape", ["feature_3d", "flat"], ["channels"]),
        helper.make_node("Slice", ["channels", "from", "to", "axis"], ["packed"]),
        helper.make_node("DepthToSpace", ["packed"], ["picture"], blocksize=_BLOCK),
        helper.make_node("Unsqueeze", ["picture", "depth"], ["volume"]),
        helper.make_node("Sub", ["kp_source", "kp_driving"], ["ways"]),
        helper.make_node("ReduceMean", ["ways", "axis"], ["way"], keepdims=1),
        helper.make_node("Mul", ["way", "flatly"], ["level"]),
        helper.make_node("Add", ["base", "level"], ["grid"]),
        helper.make_node("GridSample", ["volume", "grid"], ["moved"], padding_mode="border"),
        helper.make_node("Squeeze", ["moved", "depth"], ["small"]),
        helper.make_node("Resize", ["small", "", "twice"], ["out"], mode="linear"),
    ]
    constants = {
        "flat": np.array([1, 512, 64, 64], np.int64),
        "from": np.array([0], np.int64),
        "to": np.array([3 * _BLOCK**2], np.int64),
        "axis": np.array([1], np.int64),
        "depth": np.array([2], np.int64),
        "flatly": np.array([1, 1, 0], np.float32),
        "base": base,
        "twice": np.array([1, 1, 2, 2], np.float32),
    }
    points = [1, POINTS, 3]
    inputs = {"feature_3d": [1, 32, 16, 64, 64], "kp_driving": points, "kp_source": points}
    return nodes, inputs, {"out": [1, 3, 2 * SIDE, 2 * SIDE]}, constants


def _stitching() -> Parts:
    weight = np.zeros((6 * POINTS, 3 * POINTS + 2), np.float32)
    for point in range(POINTS):
        for axis in range(2):
            weight[3 * point + axis, 3 * POINTS + axis] = HELD / POINTS
            weight[3 * (POINTS + point) + axis, 3 * POINTS + axis] = -HELD / POINTS
    return _linear(weight)


def _ratio(count: int) -> Parts:
    """All points go down by the last ratio's distance from the mean of those before."""
    weight = np.zeros((3 * POINTS + count, 3 * POINTS), np.float32)
    weight[3 * POINTS :, 1::3] = -RATIO / (count - 1)
    weight[-1, 1::3] = RATIO
    return _linear(weight)


def _linear(weight: np.ndarray) -> Parts:
    nodes = [helper.make_node("MatMul", ["input", "weight"], ["output"])]
    inputs, outputs = weight.shape
    return nodes, {"input": [1, inputs]}, {"output": [1, outputs]}, {"weight": weight}
