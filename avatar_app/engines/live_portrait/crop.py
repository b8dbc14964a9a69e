"""The square crop of a face that LivePortrait works on, and its way back into the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image
from avatar_app.engines.face_detection.detector import FaceDetector
from avatar_app.engines.live_portrait.keypoints import Floats
from avatar_app.engines.live_portrait.networks import CROP_SIDE, INPUT_SIDE

PORTRAIT_SCALE, DRIVING_SCALE = 2.3, 2.2
"""Side of the crop, in sizes of the face."""
PORTRAIT_LIFT, _DRIVING_LIFT = 0.125, 0.1
"""How much higher than the face's middle the crop's is, in sides of the crop."""
_SOFT = 0.16
"""Width of the soft edge with which a crop returns into its picture, in sides of what returns."""
_OUTLINE = (
    234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361,
    323, 454, 70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
)  # fmt: skip
"""Jaw and brows in the mesh: between them lie all of the 203 points by which LivePortrait crops."""
_EYES = ((33, 133, 159, 145), (362, 263, 386, 374))
"""Corners, upper and lower lid of the eye on the left of the picture, and of the other."""
_LIPS = (78, 308, 13, 14)
"""Corners, upper and lower lip, inside."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceCrop:
    """A square of a picture in which the face is upright."""

    place: NDArray[np.float64]
    """(2, 3): from pixels of the picture to those of the crop, which is 512 a side."""
    size: tuple[float, float]
    """Width and height of the face in a space in which the crop is 2 wide."""
    eyes: tuple[float, float]
    """How far the eyes are open: height by width, of that on the left of the picture first."""
    lips: float
    """How far the lips are open: height by width."""

    def cut(self, picture: Image) -> Image:
        """Return the crop as the networks see it: (256, 256, 3)."""
        import cv2

        side = CROP_SIDE, CROP_SIDE
        large = cv2.warpAffine(picture, self.place, side, flags=cv2.INTER_LINEAR)
        small = cv2.resize(large, (INPUT_SIDE, INPUT_SIDE), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)


Box = tuple[int, int, int, int]
"""Top, bottom, left and right, in pixels of a crop."""
WHOLE: Box = (0, CROP_SIDE, 0, CROP_SIDE)


class Paster:
    """Puts moved crops back into copies of one picture."""

    def __init__(self, picture: Image, crop: FaceCrop, box: Box = WHOLE) -> None:
        """`box`: the part of the crop that is put back."""
        import cv2

        self._picture = picture
        height, width = picture.shape[:2]
        back = cv2.invertAffineTransform(crop.place)
        top, bottom, left, right = box
        corners = np.array([[x, y, 1] for x in (left, right) for y in (top, bottom)])
        reached = corners @ back.T
        first = np.floor(reached.min(axis=0)).astype(int)
        last = np.ceil(reached.max(axis=0)).astype(int) + 1
        self._rows = slice(max(int(first[1]), 0), min(int(last[1]), height))
        self._columns = slice(max(int(first[0]), 0), min(int(last[0]), width))
        self._back = back - [[0, 0, self._columns.start], [0, 0, self._rows.start]]
        over = self._warped(_soft_square(box), cv2.BORDER_CONSTANT)
        self._weights = np.asarray(over, np.float32), np.asarray(1 - over, np.float32)

    def paste(self, crop: Image) -> Image:
        """Return the picture with the crop, (512, 512, 3), in its place."""
        import cv2

        picture = self._picture.copy()
        under = picture[self._rows, self._columns]
        over = self._warped(crop, cv2.BORDER_REPLICATE)
        picture[self._rows, self._columns] = cv2.blendLinear(over, under, *self._weights)
        return picture

    def _warped(self, crop: Image | Floats, border: int) -> NDArray[Any]:
        import cv2

        size = self._columns.stop - self._columns.start, self._rows.stop - self._rows.start
        return np.asarray(
            cv2.warpAffine(crop, self._back, size, flags=cv2.INTER_LINEAR, borderMode=border)
        )


def _soft_square(box: Box) -> Floats:
    """Return opacities of a crop: 1 inside the box, falling to 0 toward its edges."""
    rises = []
    for first, last in (box[:2], box[2:]):
        place = (np.arange(CROP_SIDE, dtype=np.float32) + 0.5 - first) / (last - first)
        share = np.clip(np.minimum(place, 1 - place) / _SOFT, 0, 1)
        rises.append(share * share * (3 - 2 * share))
    return np.asarray(rises[0][:, None] * rises[1], np.float32)


def find_crop(picture: Image, detector: FaceDetector, *, is_driving: bool = False) -> FaceCrop:
    """Return the crop of the largest face. Raises InputInvalid where there is none."""
    faces = detector.faces(picture)
    if not faces:
        kind = "a frame of the driving clip" if is_driving else "the portrait"
        raise InputInvalid(
            f"There is no face in {kind}.", "Choose one in which a face is seen from the front."
        )
    mesh = detector.mesh(picture, faces[0])[0][:, :2].astype(np.float64)
    scale = DRIVING_SCALE if is_driving else PORTRAIT_SCALE
    return crop_of(mesh, scale, _DRIVING_LIFT if is_driving else PORTRAIT_LIFT)


def crop_of(mesh: NDArray[np.float64], scale: float, lift: float) -> FaceCrop:
    """Return the crop of a mesh, (468, 2), in pixels of the picture."""
    eyes = np.mean([mesh[list(eye)].mean(axis=0) for eye in _EYES], axis=0)
    down = mesh[list(_LIPS)].mean(axis=0) - eyes
    down /= max(float(np.linalg.norm(down)), 1e-6)
    axes = np.array([[down[1], -down[0]], down])  # to the right and down, as the face has them
    points = mesh[list(_OUTLINE)] @ axes.T
    low, high = points.min(axis=0), points.max(axis=0)
    wide, tall = high - low
    side = max(float(wide), float(tall), 1.0) * scale
    center = (low + high) / 2 - [0, lift * side]
    zoom = CROP_SIDE / side
    place = np.empty((2, 3))
    place[:, :2] = axes * zoom
    place[:, 2] = CROP_SIDE / 2 - center * zoom
    first, second = (_open(mesh, eye) for eye in _EYES)
    return FaceCrop(
        place,
        (2 * float(wide) / side, 2 * float(tall) / side),
        (first, second),
        _open(mesh, _LIPS),
    )


def _open(mesh: NDArray[np.float64], points: tuple[int, int, int, int]) -> float:
    """Return height by width of eyelids or lips."""
    one, other, upper, lower = mesh[list(points)]
    return float(np.linalg.norm(upper - lower) / max(float(np.linalg.norm(one - other)), 1e-6))


def portrait_crop(mesh: NDArray[np.float64]) -> FaceCrop:
    """Return the crop that LivePortrait paints of a portrait with this mesh, (468, 2)."""
    return crop_of(mesh, PORTRAIT_SCALE, PORTRAIT_LIFT)
