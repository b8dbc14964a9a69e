"""Crops of the face for the network, from the portrait and each frame of an idle loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face.lips.blend import Box, lip_mask, shown_region
from avatar_app.engines.face.lips.mel import Floats
from avatar_app.engines.face.lips.region import SIDE, Region
from avatar_app.engines.face.portrait.avatar import Avatar, Points, group_landmarks

_ABOVE, _BELOW, _SIDES = 3, 7, 12
"""Pixels, of 96, that are painted above the nose's base, below the chin and at both
sides of the mouth."""
_LEAST = 20
"""Smallest painted area in pixels of 96, even if the landmarks are implausible."""


Marks = dict[str, Points]
"""Landmarks by group, each (n, 2), in pixels of a picture."""


@dataclass(frozen=True, slots=True)
class Cropping:
    """What a network is shown of a face."""

    side: int = SIDE
    """Width and height of the crop, in pixels."""
    box_of: Callable[[Marks], Box] | None = None
    """Where the crop lies in the picture; None: the avatar's face box, as Wav2Lip crops."""


_WAV2LIP = Cropping()


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """The crops of the portrait alone, or of all frames of the loop."""

    faces: Image
    """uint8, (n, side, side, 3), RGB."""
    masks: Floats
    """(n, side, side), in [0, 1]: the opacity of each painted pixel."""
    region: Region
    """The area that is painted in any of them."""
    boxes: tuple[Box, ...]
    """Where each crop lies in its picture."""


def views_of(avatar: Avatar, cropping: Cropping = _WAV2LIP) -> Views:
    """Create the crops; raises InputInvalid if the idle loop is damaged."""
    if avatar.idle is None:
        return _still_view(avatar, cropping)
    idle, side = avatar.idle, cropping.side
    marks = [group_landmarks(points) for points in idle.marks]
    found: list[Box] = [(b[0], b[1], b[2], b[3]) for b in idle.boxes.astype(float).tolist()]
    if cropping.box_of is not None:
        found = [cropping.box_of(each) for each in marks]
    rooms = [_room(each, box, side) for each, box in zip(marks, found, strict=True)]
    room = reduce(_both, rooms)
    outlines = [_outline(each, box, side) for each, box in zip(marks, found, strict=True)]
    masks = np.stack([lip_mask(outline, room) for outline in outlines])
    faces = [_cut(picture, box, side) for picture, box in zip(idle.pictures(), found, strict=True)]
    return Views(np.stack(faces), masks, shown_region(masks.max(axis=0)), tuple(found))


def _still_view(avatar: Avatar, cropping: Cropping) -> Views:
    side, box, outline = cropping.side, avatar.face_box, avatar.face_mask
    if cropping.box_of is None:
        x0, y0, x1, y1 = box
        cut = cv2.resize(avatar.portrait[y0:y1, x0:x1], (side, side), interpolation=cv2.INTER_AREA)
        face, placed = np.asarray(cut, np.uint8), (float(x0), float(y0), float(x1), float(y1))
    else:
        placed = cropping.box_of(avatar.landmarks)
        face = _cut(avatar.portrait, placed, side)
        outline = _outline(avatar.landmarks, placed, side)
    mask = lip_mask(outline, _room(avatar.landmarks, placed, side))
    return Views(face[None], mask[None], shown_region(mask), (placed,))


def _cut(picture: Image, box: Box, side: int) -> Image:
    """Crop a box with subpixel edges: rounded ones would make the face tremble as the box moves."""
    x0, y0, x1, y1 = box
    large = side * max(1, round((x1 - x0) / side))
    wide, tall = (x1 - x0) / large, (y1 - y0) / large
    place = np.array([[wide, 0, x0 + wide / 2 - 0.5], [0, tall, y0 + tall / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(
        picture, place, (large, large), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _outline(marks: Marks, box: Box, side: int) -> Image:
    """Return the mask of the face's outline, 255 inside: (side, side)."""
    around = np.concatenate([marks["forehead"], marks["jaw"][::-1]])
    corners = np.rint((around - box[:2]) * _scale(box, side) * 16 - 8).astype(np.int32)
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, 4)
    return mask


def _scale(box: Box, side: int) -> Points:
    x0, y0, x1, y1 = box
    return np.array([side / (x1 - x0), side / (y1 - y0)], np.float32)


def _room(marks: Marks, box: Box, side: int) -> Region:
    """Return the painted area: from the nose to below the chin, and at both sides of the mouth.

    A smaller area is faster, and less of the portrait's own skin is painted over.
    """
    placed = {name: (points - box[:2]) * _scale(box, side) for name, points in marks.items()}
    lips = np.concatenate([placed["lips_outer_upper"], placed["lips_outer_lower"]])
    nose, chin = placed["nose_base"][:, 1].max(), placed["jaw"][:, 1].max()
    half, unit = side // 2, side / SIDE
    least = round(_LEAST * unit)
    return Region(
        top=_clipped(nose - _ABOVE * unit, half, side - least),
        bottom=_clipped(chin + _BELOW * unit, half + least, side),
        left=_clipped(lips[:, 0].min() - _SIDES * unit, 0, half - least),
        right=_clipped(lips[:, 0].max() + _SIDES * unit, half + least, side),
        side=side,
    )


def _clipped(place: float, least: int, most: int) -> int:
    return int(np.clip(round(place), least, most))


def _both(one: Region, other: Region) -> Region:
    """Return the smallest region that contains both."""
    return Region(
        min(one.top, other.top),
        max(one.bottom, other.bottom),
        min(one.left, other.left),
        max(one.right, other.right),
        one.side,
    )
