"""Blends painted lips into the picture without a seam, leaving all other pixels unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image
from avatar_app.engines.face.lips.mel import Floats
from avatar_app.engines.face.lips.region import SIDE, Region

FULL = 256
"""Weight of a pixel that is replaced completely."""
_SOFT = 8.0
"""Width of the mask's soft edge, in pixels of the 96 × 96 crop."""
_JAW_ROOM = 3
"""Pixels of the 96 × 96 crop by which the jaw may move beyond the outline of the still face."""
_JAW_SOFT = 2.0
_FAINT = 1 / FULL
_MOST_TINT = 0.12
"""Largest color correction, as a share of full brightness; larger differences are not a matter of
tint."""


def lip_mask(outline: Image, room: Region) -> Floats:
    """Return the blending mask in the network's pixels: float32, (side, side), in [0, 1].

    `outline`: the face mask of an avatar, of any size; `room`: the region in which lips and jaw
    move.
    """
    side, scale = room.side, room.side / SIDE
    small = cv2.resize(outline, (side, side), interpolation=cv2.INTER_AREA)
    size = 2 * round(_JAW_ROOM * scale) + 1
    wide = cv2.dilate(small, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    soft = cv2.GaussianBlur(wide.astype(np.float32) / 255, (0, 0), _JAW_SOFT * scale)
    down = _between(room.top, room.bottom, side)
    across = _between(room.left, room.right, side)
    return np.asarray(soft * down[:, None] * across, np.float32)


def _between(begin: int, end: int, side: int) -> Floats:
    place, soft = np.arange(side, dtype=np.float32) + 0.5, _SOFT * side / SIDE
    return _rise((place - begin) / soft) * _rise((end - place) / soft)


def shown_region(mask: Floats) -> Region:
    """Return the smallest rectangle that contains all non-zero pixels of the mask."""
    rows = np.flatnonzero((mask > _FAINT).any(axis=1))
    columns = np.flatnonzero((mask > _FAINT).any(axis=0))
    edges = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    return Region(*edges, side=len(mask))


def tint(painted: Floats, face: Image, mask: Floats, region: Region) -> Floats:
    """Return the color offset that matches `painted` to the face, measured where both are visible.

    `painted`: (rows, columns, 3) in [0, 1], of a closed mouth; `face`: (96, 96, 3).
    """
    part = slice(region.top, region.bottom), slice(region.left, region.right)
    weight = mask[part] * (1 - mask[part])
    apart = face[part].astype(np.float32) / 255 - painted
    shift = (apart * weight[..., None]).sum((0, 1)) / max(float(weight.sum()), 1e-6)
    return np.asarray(np.clip(shift, -_MOST_TINT, _MOST_TINT), np.float32)


def _rise(share: Floats) -> Floats:
    share = np.clip(share, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A rectangle of the picture, and the affine map to the patch of the network's pixels."""

    rows: slice
    columns: slice
    place: NDArray[np.float64]
    """Maps pixels of the rectangle to pixels of the patch."""

    def enlarged(self, patch: Any, border: int) -> Any:
        size = self.columns.stop - self.columns.start, self.rows.stop - self.rows.start
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(patch, self.place, size, flags=flags, borderMode=border)


Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of a picture."""


class Blender:
    """Blends patches into copies of one picture."""

    def __init__(self, picture: Image, box: Box, mask: Floats, region: Region) -> None:
        """`box`: the face crop in the picture; `mask`: (side, side)."""
        self.picture = picture
        self._part = _part(picture, box, region)
        shown = mask[region.top : region.bottom, region.left : region.right]
        large = self._part.enlarged(shown, cv2.BORDER_CONSTANT)
        weight = np.rint(np.clip(large, 0, 1) * FULL).astype(np.uint16)
        self._weight = np.ascontiguousarray(np.repeat(weight[..., None], 3, axis=2))
        self._under = picture[self._part.rows, self._part.columns].astype(np.uint16)
        self._shaded = self._under * (FULL - self._weight) + FULL // 2

    def blend(self, patch: Image | None, share: float = 1.0) -> Image:
        """Return a copy of the picture with `patch` (uint8, the region's rows × columns × 3)
        blended in.

        `share`: opacity of the patch, from 0 to 1.
        """
        image = self.picture.copy()
        if patch is None or share <= 0:
            return image
        weight, shaded = self._weight, self._shaded
        if share < 1:
            weight = (weight * np.uint16(round(share * FULL))) // np.uint16(FULL)
            shaded = self._under * (FULL - weight) + FULL // 2
        painted = self._part.enlarged(patch, cv2.BORDER_REPLICATE)
        mixed = np.multiply(painted, weight, dtype=np.uint16)
        mixed += shaded
        mixed >>= 8
        image[self._part.rows, self._part.columns] = mixed
        return image


def blend_into(
    image: Image, box: Box, shown: Floats, region: Region, patch: Image, share: float = 1.0
) -> None:
    """Blend a patch into `image` itself: like `Blender`, for a picture that is shown only once.

    `shown`: the region's part of the mask. Where it is 0, the image is unchanged.
    """
    part = _part(image, box, region)
    weight = part.enlarged(shown if share >= 1 else shown * np.float32(share), cv2.BORDER_CONSTANT)
    painted = part.enlarged(patch, cv2.BORDER_REPLICATE)
    under = np.ascontiguousarray(image[part.rows, part.columns])
    image[part.rows, part.columns] = cv2.blendLinear(painted, under, weight, 1 - weight)


def _part(picture: Image, box: Box, region: Region) -> _Part:
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = box
    wide, tall = (x1 - x0) / region.side, (y1 - y0) / region.side
    left, top = x0 + region.left * wide, y0 + region.top * tall
    rows = slice(max(0, round(top)), min(height, round(y0 + region.bottom * tall)))
    columns = slice(max(0, round(left)), min(width, round(x0 + region.right * wide)))
    # Pixel centers meet: picture pixel p is the patch's (p + 1/2 − edge) / scale − 1/2.
    shift_x = (columns.start + 0.5 - left) / wide - 0.5
    shift_y = (rows.start + 0.5 - top) / tall - 0.5
    place = np.array([[1 / wide, 0, shift_x], [0, 1 / tall, shift_y]])
    return _Part(rows, columns, place)
