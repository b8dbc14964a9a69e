"""Facial landmarks in a face mesh: angles, size, sharpness and light of a face in a photo."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image

Floats = NDArray[np.float32]

INDICES: dict[str, tuple[int, ...]] = {
    "jaw": (
        234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152,
        377, 400, 378, 379, 365, 397, 288, 361, 323, 454,
    ),
    "forehead": (127, 162, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 389, 356),
    "lips_outer_upper": (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
    "lips_outer_lower": (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
    "lips_inner_upper": (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
    "lips_inner_lower": (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
    "right_eye_upper": (33, 246, 161, 160, 159, 158, 157, 173, 133),
    "right_eye_lower": (33, 7, 163, 144, 145, 153, 154, 155, 133),
    "left_eye_upper": (362, 398, 384, 385, 386, 387, 388, 466, 263),
    "left_eye_lower": (362, 382, 381, 380, 374, 373, 390, 249, 263),
    "right_brow": (70, 63, 105, 66, 107),
    "left_brow": (336, 296, 334, 293, 300),
    "nose_bridge": (168, 6, 197, 195, 5, 4, 1),
    "nose_base": (98, 97, 2, 326, 327),
}  # fmt: skip
"""Points of MediaPipe's face mesh, in the order of `portrait.avatar.GROUPS`."""

_LEFT_CHEEK, _RIGHT_CHEEK = 234, 454
_EYES = (33, 263)
_BLURRED = 0.0011
"""Share of fine detail in a photo below which no face can be found for blur."""
_BLACK = 24.0
"""Brightness, of 255, that hardly a pixel of a black picture reaches."""


def landmarks_of(mesh: Floats) -> dict[str, Floats]:
    """Return the named groups of points, each shape (n, 2)."""
    return {name: mesh[list(indices), :2].copy() for name, indices in INDICES.items()}


def outline_of(mesh: Floats) -> Floats:
    """Return the face's oval, clockwise, shape (n, 2)."""
    around = (*INDICES["forehead"], *reversed(INDICES["jaw"]))
    return mesh[list(around), :2].copy()


def turn_of(mesh: Floats) -> float:
    """Return the degrees by which the head is turned to the side; 0 looks into the camera."""
    across = mesh[_RIGHT_CHEEK] - mesh[_LEFT_CHEEK]
    return math.degrees(math.atan2(float(across[2]), float(np.hypot(across[0], across[1]))))


def tilt_of(mesh: Floats) -> float:
    """Return the degrees by which the head is tilted, clockwise."""
    across = mesh[_EYES[1]] - mesh[_EYES[0]]
    return math.degrees(math.atan2(float(across[1]), float(across[0])))


def gap_of(mesh: Floats) -> float:
    """Return the gap between the lips, in mouth widths."""
    marks = landmarks_of(mesh)
    width = np.linalg.norm(marks["lips_outer_upper"][-1] - marks["lips_outer_upper"][0])
    gap = np.linalg.norm(marks["lips_inner_lower"][5] - marks["lips_inner_upper"][5])
    return float(gap / width)


def detail_of(picture: Image, mesh: Floats) -> float:
    """Return the share of a face's contrast that is fine detail: small where a photo is blurred."""
    return _fineness(_cut_out(picture, mesh), 160)


def _cut_out(picture: Image, mesh: Floats) -> Image:
    """Cut out the face, as far as it is inside the picture."""
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    x0, y0 = np.maximum(low, 0).astype(int)
    x1, y1 = high.astype(int) + 1
    return picture[y0:y1, x0:x1]


def _fineness(picture: Image, side: int) -> float:
    """Return the share of contrast that is fine detail, at `side` pixels a side."""
    import cv2

    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    even: Any = cv2.resize(gray, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    fine = even - cv2.GaussianBlur(even, (0, 0), 1.5)
    return float(fine.var() / max(even.var(), 1.0))


def no_face_in(picture: Image, photo: Path) -> InputInvalid:
    """Return the reason why no face was found in a photo, as far as the photo as a whole
    shows it."""
    if np.percentile(picture, 98) < _BLACK:
        return InputInvalid(f"No face found in {photo}: it is black.", "Use a brighter photo.")
    if 0 < _fineness(picture, 480) < _BLURRED:
        return InputInvalid(f"No face found in {photo}: it is too blurred.", "Use a sharper photo.")
    return InputInvalid(
        f"No face found in {photo}.",
        "Use an upright photo in which a face looks into the camera.",
    )


def width_of(mesh: Floats) -> float:
    """Return the pixels from cheek to cheek."""
    return float(np.linalg.norm(mesh[_RIGHT_CHEEK, :2] - mesh[_LEFT_CHEEK, :2]))


def brightness_of(picture: Image, mesh: Floats) -> float:
    """Return the mean brightness of a face, of 255."""
    return float(_cut_out(picture, mesh).mean())


def overhang_of(mesh: Floats, frame: tuple[float, float, float, float]) -> float:
    """Return how far the face reaches beyond a frame (x0, y0, x1, y1), as the largest share of its
    size to one side; 0 where all of it is inside."""
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    size = np.maximum(high - low, 1e-6)
    beyond = np.concatenate([(frame[:2] - low) / size, (high - frame[2:]) / size])
    return max(float(beyond.max()), 0.0)
