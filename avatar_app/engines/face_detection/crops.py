"""Image crops for networks: rotated and scaled squares, and face boxes in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image
from avatar_app.engines.onnx_session import ErrorTexts, open_session

Floats = NDArray[np.float32]
_NETWORKS = Path(__file__).with_name("networks")


@dataclass(frozen=True, slots=True, eq=False)
class FaceBox:
    """A detected face, before its mesh is measured."""

    score: float
    center: Floats
    """x, y in pixels."""
    side: float
    """Side of the square around the face, in pixels."""
    tilt: float
    """Radians, clockwise."""


def overlap(one: FaceBox, other: FaceBox) -> float:
    """Return the intersection over union of their squares."""
    away = np.abs(one.center - other.center)
    shared = np.clip((one.side + other.side) / 2 - away, 0, min(one.side, other.side)).prod()
    return float(shared / (one.side**2 + other.side**2 - shared))


def bundled_network(name: str) -> Any:
    """Load a built-in network as an `onnxruntime.InferenceSession`; it uses one thread."""
    return open_session(_NETWORKS / name, ErrorTexts("face detection"))


def outputs(network: Any, seen: Floats) -> list[Any]:
    """Run a network with one input on one square, shape (side, side, 3)."""
    planes = np.ascontiguousarray(seen.transpose(2, 0, 1)[None])
    found: list[Any] = network.run(None, {network.get_inputs()[0].name: planes})
    return found


def turning(tilt: float) -> NDArray[np.float64]:
    """Return the rotation by `tilt`, shape (3, 3); the third axis stays."""
    c, s = math.cos(tilt), math.sin(tilt)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def cut(picture: Image, center: Floats, side: float, tilt: float, pixels: int) -> Floats:
    """Cut a square of the picture, scaled to `pixels` a side, black outside the picture."""
    import cv2

    scale = side / pixels
    place = np.zeros((2, 3))
    place[:, :2] = turning(tilt)[:2, :2] * scale
    place[:, 2] = center - place[:, :2] @ [pixels / 2 - 0.5, pixels / 2 - 0.5]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, place, (pixels, pixels), flags=flags), np.float32)


def downscale(picture: Image, pixels: float) -> tuple[Image, float]:
    """Downscale the picture if `pixels` of it become one, and return the factor: averaging avoids
    the noise that sampling makes of fine patterns."""
    import cv2

    if pixels < 1.5:
        return picture, 1.0
    factor = 1 / pixels
    smaller = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8), factor
