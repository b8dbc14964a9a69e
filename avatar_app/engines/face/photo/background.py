"""Blurs what lies behind the person in a photo.

Where the person ends is found by GrabCut, which starts from the place of the face: head, neck and
shoulders lie around it in much the same way in every portrait.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image
from avatar_app.engines.face.photo.bending import Head, head_of

Field = NDArray[np.float32]
_ROWS = 200
"""Height at which the person is searched for: the edge is soft anyway."""
_ROUNDS = 4
_SURE, _POSSIBLE = 0.7, 1.7
"""Size of the region that surely is the person, and of that which may be, in the usual one."""
_SOFT = 0.012
"""Softness of the edge, in heights of the picture."""
_BLUR = 0.022


class Background(StrEnum):
    """What is behind the person."""

    OWN = "own"
    SOFT = "soft"
    """The photo's own, blurred."""


def with_background(picture: Image, marks: dict[str, Any], background: Background) -> Image:
    """Return a framed portrait before another background; `marks`: its landmarks."""
    if background is Background.OWN:
        return picture
    height = picture.shape[0]
    person = _person(picture, head_of(marks))
    behind: Any = cv2.GaussianBlur(picture, (0, 0), height * _BLUR)
    return np.asarray(cv2.blendLinear(picture, behind, person, 1 - person), np.uint8)


def _person(picture: Image, head: Head) -> Field:
    """1 where the person is or usually would be, 0 in the background, shape (height, width): dark
    hair before a dark wall belongs to the person."""
    height, width = picture.shape[:2]
    factor = _ROWS / height
    small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[0 : small.shape[0], 0 : small.shape[1]].astype(np.float32) / factor
    distance = _distance((x - head.x) / head.scale, (y - head.y) / head.scale)
    mask = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    mask[distance < _POSSIBLE] = cv2.GC_PR_BGD
    mask[distance < 1.0] = cv2.GC_PR_FGD
    mask[distance < _SURE] = cv2.GC_FGD
    if not (mask == cv2.GC_BGD).any():
        mask[0, 0] = cv2.GC_BGD  # which it wants at least one pixel of
    models = np.zeros((1, 65)), np.zeros((1, 65))
    refine: Any = cv2.grabCut
    cv2.setRNGSeed(1)
    refine(small, mask, None, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    found = cv2.medianBlur(found | (distance < 1.0).astype(np.uint8), 5).astype(np.float32)
    whole = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(whole, (0, 0), max(height * _SOFT, 1.0)), np.float32)


def _distance(x: Field, y: Field) -> Field:
    """How far a place, in the head's units from between the eyes, is from the middle of the person:
    1 at the usual outline."""
    skull = np.hypot(x / 88, (y + 8) / 118)
    slope = np.clip((y - 120) / 110, 0.0, 1.0)
    half = 48 + 150 * slope
    body = np.where(y > 60, np.abs(x) / half, 9.0)
    return np.asarray(np.minimum(skull, body), np.float32)
