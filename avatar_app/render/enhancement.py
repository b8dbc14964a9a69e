"""Adds an enhancer's detail to the mouths of a film and leaves all other pixels unchanged.

What is added to a picture is the difference that the enhancer made: where it changed nothing, or
outside the mouth, the picture stays identical. The face is aligned by five points to their
positions in the FFHQ data set, on which face restoration models are trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.engines import Enhancer
from avatar_app.core.values import ALIGNED_FACE, Image, VideoFrame
from avatar_app.engines.face.portrait.avatar import Avatar

Floats = NDArray[np.float32]
Marks = Mapping[str, Floats]

_PLACES = np.array(
    [
        [192.98138, 239.94708],
        [318.90277, 240.19360],
        [256.63416, 314.01935],
        [201.26117, 371.41043],
        [313.08905, 371.15118],
    ]
)
"""x, y of eyes, nose and corners of the mouth in an aligned face, left to right (facexlib)."""
_MIDDLE = (257.0, 384.0)
_REACH = (96.0, 72.0)
"""Center and half axes of the mouth in an aligned face: an ellipse from the nose to the chin."""
_WHOLE = 0.6
"""Share of the ellipse's radius with full enhancement; beyond it fades out."""
_FAINT = 1 / 512
_AROUND = (132, 133, 135)
"""Gray outside the picture, RGB, as in the published inference."""


def enhanced(
    frames: Iterable[VideoFrame], enhancer: Enhancer, avatar: Avatar
) -> Iterator[VideoFrame]:
    """Yield the frames of a face of `avatar`, each with its mouth enhanced."""
    from avatar_app.engines.face.portrait.framing import framed

    place: MouthPlace | None = None
    for frame in frames:
        height, width = frame.image.shape[:2]
        if place is None or place.size != (width, height):
            place = MouthPlace(framed(avatar, width, height).marks, (width, height))
        yield replace(frame, image=place.enhanced(frame.image, enhancer))


class MouthPlace:
    """The position of the mouth in pictures of one size."""

    def __init__(self, marks: Marks, size: tuple[int, int]) -> None:
        """`marks`: landmarks by the names of `portrait.avatar.GROUPS`, in pixels of the pictures;
        `size`: their width and height."""
        import cv2

        self.size = size
        self._to_face = placement(_five_points(marks))
        large = cv2.warpAffine(
            _ellipse(), self._to_face, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        rows = np.flatnonzero((large > _FAINT).any(axis=1))
        columns = np.flatnonzero((large > _FAINT).any(axis=0))
        self._part: tuple[slice, slice] | None = None
        if len(rows):
            self._part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            weight = large[self._part]
            self._weight = np.where(weight > _FAINT, weight, 0)[..., None].astype(np.float32)

    def enhanced(self, picture: Image, enhancer: Enhancer) -> Image:
        """Return a copy of `picture`, uint8, (height, width, 3), RGB, with a clearer mouth."""
        import cv2

        if self._part is None:
            return picture
        side = (ALIGNED_FACE, ALIGNED_FACE)
        flags = cv2.INTER_LINEAR
        face: Any = cv2.warpAffine(picture, self._to_face, side, flags=flags, borderValue=_AROUND)
        better = enhancer.enhance(face)
        if better is face:
            return picture
        change = self._enlarged(better.astype(np.float32) - face, *self._part)
        painted = picture.copy()
        mixed = painted[self._part] + change * self._weight
        painted[self._part] = np.clip(np.rint(mixed), 0, 255)
        return painted

    def _enlarged(self, change: Floats, rows: slice, columns: slice) -> Floats:
        """Map a change of the aligned face to these rows and columns of the picture."""
        import cv2

        place = self._to_face.copy()
        place[:, 2] += place[:, :2] @ [columns.start, rows.start]
        size = (columns.stop - columns.start, rows.stop - rows.start)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(change, place, size, flags=flags), np.float32)


def placement(points: NDArray[Any]) -> NDArray[np.float64]:
    """Return the rotation, scale and shift, shape (2, 3), that map five points (5, 2) to their
    positions in an aligned face (least squares)."""
    source, target = points @ [1, 1j], _PLACES @ [1, 1j]
    away, wanted = source - source.mean(), target - target.mean()
    turn = np.vdot(away, wanted) / max(float(np.vdot(away, away).real), 1e-9)
    shift = target.mean() - turn * source.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _five_points(marks: Marks) -> NDArray[np.float64]:
    """Return eyes, tip of the nose and corners of the mouth, from the picture's left, shape
    (5, 2)."""
    eyes = [
        np.concatenate([marks[f"{side}_eye_upper"], marks[f"{side}_eye_lower"]]).mean(axis=0)
        for side in ("right", "left")
    ]
    lips = marks["lips_outer_upper"]
    return np.array([*eyes, marks["nose_bridge"][-1], lips[0], lips[-1]], np.float64)


def _ellipse() -> Floats:
    """Return how much of each pixel of an aligned face is enhanced, shape (512, 512), in [0, 1]."""
    rows, columns = np.mgrid[:ALIGNED_FACE, :ALIGNED_FACE]
    radius = np.hypot((columns - _MIDDLE[0]) / _REACH[0], (rows - _MIDDLE[1]) / _REACH[1])
    share = np.clip((1 - radius) / (1 - _WHOLE), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
