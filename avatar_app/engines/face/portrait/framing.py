"""Frames a portrait in a picture of any aspect ratio, without visible photo edges."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import Avatar

Points = NDArray[np.float32]
_FACE = 0.44
"""Height of the face (forehead to chin), as a share of the picture's height."""
_CLOSEST = 0.60
"""Largest such share if the photo is enlarged to fill the picture."""
_WIDEST = 0.60
"""Largest width of the face, as a share of the picture's width."""
_EYES = 0.42
"""Vertical position of the eyes, as a share of the picture's height."""
_BLUR = 0.03
"""Blur of the area beyond the photo's edges, as a share of the picture's height."""
_FEATHER = 0.035


class Framed(NamedTuple):
    """A portrait scaled to the size of the picture."""

    picture: Image
    """uint8, shape (height, width, 3), RGB."""
    marks: dict[str, Points]
    """The avatar's landmarks in pixels of the picture."""
    place: tuple[float, float, float]
    """Scale, x and y: pixel p of the portrait is at scale · p + (x, y)."""


def framed(avatar: Avatar, width: int, height: int, zoom: float = 1.0) -> Framed:
    """Render the still picture of an avatar. `zoom`: larger or smaller than fills it well."""
    scale, x, y = placed(avatar, width, height, zoom)
    marks = {
        name: (points * scale + [x, y]).astype(np.float32)
        for name, points in avatar.landmarks.items()
    }
    return Framed(painted(avatar.portrait, (scale, x, y), width, height), marks, (scale, x, y))


def placed(
    avatar: Avatar, width: int, height: int, zoom: float = 1.0
) -> tuple[float, float, float]:
    """Return scale and offset of the portrait in the picture."""
    marks = avatar.landmarks
    tall = float(marks["jaw"][10, 1] - marks["forehead"][7, 1])
    wide = float(np.ptp(marks["jaw"][:, 0]))
    eyes = (marks["right_eye_upper"][0] + marks["left_eye_upper"][-1]) / 2
    rows, columns = avatar.portrait.shape[:2]
    scale = min(_FACE * height / tall, _WIDEST * width / wide)
    cover = max(width / columns, height / rows)
    closest = min(_CLOSEST * height / tall, _WIDEST * 1.15 * width / wide)
    scale = max(scale, min(cover, closest)) * zoom
    x = _slid(width / 2 - float(eyes[0]) * scale, width, columns * scale)
    y = _slid(height * _EYES - float(eyes[1]) * scale, height, rows * scale)
    return scale, x, y


def _slid(offset: float, room: float, length: float) -> float:
    """Shift `offset` as little as necessary for a photo of `length` to fill `room`, if it can."""
    if length >= room:
        return min(max(offset, room - length), 0.0)
    return min(max(offset, 0.0), room - length)


def painted(
    portrait: Image, at: tuple[float, float, float], width: int, height: int, *, swift: bool = False
) -> Image:
    """Render a portrait into a picture; `at` is the `place` of a `Framed`. `swift`: faster and
    slightly less sharp."""
    rows, columns = portrait.shape[:2]
    scale = at[0]
    place = np.array([[scale, 0, at[1]], [0, scale, at[2]]])
    source: Any = portrait
    if scale < 0.7:
        source = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        place = np.array([[1, 0, place[0, 2]], [0, 1, place[1, 2]]])
    flags = cv2.INTER_LINEAR if scale < 0.7 or swift else cv2.INTER_CUBIC
    picture = cv2.warpAffine(
        source, place, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101
    )
    left, top = place[0, 2], place[1, 2]
    right, bottom = left + columns * scale, top + rows * scale
    if left <= 0 and top <= 0 and right >= width and bottom >= height:
        return np.asarray(picture, np.uint8)
    inside = _inside((left, top, right, bottom), width, height)
    blurred = _blurred(picture, height * _BLUR)
    return np.asarray(cv2.blendLinear(picture, blurred, inside, 1 - inside), np.uint8)


def _blurred(picture: Any, sigma: float) -> Image:
    """Blur at a quarter of the resolution, which makes no visible difference."""
    height, width = picture.shape[:2]
    small = cv2.resize(
        picture, (max(width // 4, 1), max(height // 4, 1)), interpolation=cv2.INTER_AREA
    )
    soft = cv2.GaussianBlur(small.astype(np.float32), (0, 0), max(sigma / 4, 0.5))
    return np.asarray(cv2.resize(np.rint(soft).astype(np.uint8), (width, height)), np.uint8)


def _inside(box: tuple[float, float, float, float], width: int, height: int) -> NDArray[np.float32]:
    """Return the opacity of the photo: 1 inside, falling to 0 toward those of its edges that are
    visible."""
    soft = max(height * _FEATHER, 1.0)
    left, top, right, bottom = box
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    across = _rise((x - left) / soft, shown=left > 0)
    across *= _rise((right - 1 - x) / soft, shown=right < width)
    down = _rise((y - top) / soft, shown=top > 0)
    down *= _rise((bottom - 1 - y) / soft, shown=bottom < height)
    return np.asarray(down[:, None] * across[None, :], np.float32)


def _rise(distance: NDArray[np.float32], *, shown: bool) -> NDArray[np.float32]:
    if not shown:
        return np.ones_like(distance)
    share = np.clip(distance, 0, 1)
    return share * share * (3 - 2 * share)
