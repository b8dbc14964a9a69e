"""What a network sees of a picture: squares, turned and scaled, and where in them a face lies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image

Floats = NDArray[np.float32]
_NETWORKS = Path(__file__).with_name("networks")


@dataclass(frozen=True, slots=True, eq=False)
class FaceBox:
    """A face that was seen, not yet measured."""

    score: float
    center: Floats
    """x, y in pixels."""
    side: float
    """Of the square around the face, in pixels."""
    tilt: float
    """Radians, clockwise."""


def overlap(one: FaceBox, other: FaceBox) -> float:
    """Intersection over union of their squares."""
    away = np.abs(one.center - other.center)
    shared = np.clip((one.side + other.side) / 2 - away, 0, min(one.side, other.side)).prod()
    return float(shared / (one.side**2 + other.side**2 - shared))


def bundled_network(name: str) -> Any:
    """A built-in network, loaded; one thread."""
    return session(str(_NETWORKS / name), 1)


def session(model: str | bytes, threads: int) -> Any:
    """A network that is computed on `threads` processor cores."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def outputs(network: Any, seen: Floats) -> list[Any]:
    """What a network with one input says of one square, shape (side, side, 3)."""
    planes = np.ascontiguousarray(seen.transpose(2, 0, 1)[None])
    found: list[Any] = network.run(None, {network.get_inputs()[0].name: planes})
    return found


def turning(tilt: float) -> NDArray[np.float64]:
    """The rotation by `tilt`, shape (3, 3); the third axis stays."""
    c, s = math.cos(tilt), math.sin(tilt)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def cut(picture: Image, center: Floats, side: float, tilt: float, pixels: int) -> Floats:
    """A square of the picture, scaled to `pixels` a side, black where the picture ends."""
    import cv2

    scale = side / pixels
    place = np.zeros((2, 3))
    place[:, :2] = turning(tilt)[:2, :2] * scale
    place[:, 2] = center - place[:, :2] @ [pixels / 2 - 0.5, pixels / 2 - 0.5]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, place, (pixels, pixels), flags=flags), np.float32)


def reduced(picture: Image, pixels: float) -> tuple[Image, float]:
    """The picture made smaller if `pixels` of it become one, and by how much: then each pixel is a
    mean, where picking single ones turns fine patterns into noise."""
    import cv2

    if pixels < 1.5:
        return picture, 1.0
    factor = 1 / pixels
    smaller = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8), factor
