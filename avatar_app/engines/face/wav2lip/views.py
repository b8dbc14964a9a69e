"""Crops of the face for the network, from the portrait and each frame of an idle loop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import Avatar, Points, group_landmarks
from avatar_app.engines.face.wav2lip.blend import Box, lip_mask, shown_region
from avatar_app.engines.face.wav2lip.network import MASKED_FROM, SIDE
from avatar_app.engines.face.wav2lip.region import Region
from avatar_app.engines.face.wav2lip.runtime import Floats

_ABOVE, _BELOW, _SIDES = 3, 7, 12
"""Pixels of the 96 × 96 crop that are painted above the nose's base, below the chin and at both
sides of the mouth."""
_LEAST = 20
"""Smallest painted area in pixels of the crop, even if the landmarks are implausible."""


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """The crops of the portrait alone, or of all frames of the loop."""

    faces: Image
    """uint8, (n, 96, 96, 3), RGB."""
    masks: Floats
    """(n, 96, 96), in [0, 1]: the opacity of each painted pixel."""
    region: Region
    """The area that is painted in any of them."""


def views_of(avatar: Avatar) -> Views:
    """Create the crops; raises InputInvalid if the idle loop is damaged."""
    if avatar.idle is None:
        mask = lip_mask(avatar.face_mask, _room(avatar.landmarks, avatar.face_box))
        return Views(_still_face(avatar)[None], mask[None], shown_region(mask))
    idle = avatar.idle
    boxes: list[Box] = [(b[0], b[1], b[2], b[3]) for b in idle.boxes.astype(float).tolist()]
    marks = [group_landmarks(points) for points in idle.marks]
    rooms = [_room(each, box) for each, box in zip(marks, boxes, strict=True)]
    room = reduce(_both, rooms)
    outlines = [_outline(each, box) for each, box in zip(marks, boxes, strict=True)]
    masks = np.stack([lip_mask(outline, room) for outline in outlines])
    faces = [_cut(picture, box) for picture, box in zip(idle.pictures(), boxes, strict=True)]
    return Views(np.stack(faces), masks, shown_region(masks.max(axis=0)))


def _still_face(avatar: Avatar) -> Image:
    x0, y0, x1, y1 = avatar.face_box
    cut = avatar.portrait[y0:y1, x0:x1]
    return np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _cut(picture: Image, box: Box) -> Image:
    """Crop a box with subpixel edges: rounded ones would make the face tremble as the box moves."""
    x0, y0, x1, y1 = box
    times = max(1, round((x1 - x0) / SIDE))
    side = SIDE * times
    wide, tall = (x1 - x0) / side, (y1 - y0) / side
    place = np.array([[wide, 0, x0 + wide / 2 - 0.5], [0, tall, y0 + tall / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    large = cv2.warpAffine(
        picture, place, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _outline(marks: dict[str, Points], box: Box) -> Image:
    """Return the mask of the face's outline, 255 inside: (96, 96)."""
    around = np.concatenate([marks["forehead"], marks["jaw"][::-1]])
    corners = np.rint((around - box[:2]) * _scale(box) * 16 - 8).astype(np.int32)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, 4)
    return mask


def _scale(box: Box) -> Points:
    x0, y0, x1, y1 = box
    return np.array([SIDE / (x1 - x0), SIDE / (y1 - y0)], np.float32)


def _room(marks: dict[str, Points], box: Box) -> Region:
    """Return the painted area: from the nose to below the chin, and at both sides of the mouth.

    A smaller area is faster, and less of the portrait's own skin is painted over.
    """
    placed = {name: (points - box[:2]) * _scale(box) for name, points in marks.items()}
    lips = np.concatenate([placed["lips_outer_upper"], placed["lips_outer_lower"]])
    nose, chin = placed["nose_base"][:, 1].max(), placed["jaw"][:, 1].max()
    return Region(
        top=_clipped(nose - _ABOVE, MASKED_FROM, SIDE - _LEAST),
        bottom=_clipped(chin + _BELOW, MASKED_FROM + _LEAST, SIDE),
        left=_clipped(lips[:, 0].min() - _SIDES, 0, SIDE // 2 - _LEAST),
        right=_clipped(lips[:, 0].max() + _SIDES, SIDE // 2 + _LEAST, SIDE),
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
    )
