"""A placeholder face, drawn by code, until the user adds a photo."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np

from avatar_app.engines.face.portrait.avatar import MESH_POINTS, Avatar, Points

_SIDE = 640
_SKIN, _SHADE, _LIP = (222, 189, 168), (188, 150, 130), (186, 112, 104)
_CLOTH, _HAIR, _WALL = (70, 98, 112), (74, 60, 54), (206, 214, 216)
_FINE = 4
"""Bits of a pixel in which OpenCV places corners."""


@cache
def placeholder() -> Avatar:
    """Return the drawn avatar."""
    marks = _marks()
    mesh = np.zeros((MESH_POINTS, 3), np.float32)
    box = (190, 130, 450, 480)
    mask = np.zeros((box[3] - box[1], box[2] - box[0]), np.uint8)
    return Avatar("placeholder", "", _painted(marks), box, marks, mesh, mask)


def _bow(left: tuple[float, float], right: tuple[float, float], rise: float, count: int) -> Points:
    """Return `count` points from left to right on an arc that rises by `rise`."""
    share = np.linspace(0, 1, count)
    x = left[0] + (right[0] - left[0]) * share
    y = left[1] + (right[1] - left[1]) * share - rise * (1 - (2 * share - 1) ** 2)
    return np.stack([x, y], axis=-1).astype(np.float32)


def _oval(first: float, last: float, count: int) -> Points:
    """Return points of the face's outline, from angle to angle (degrees; 0 right, 90 down)."""
    angle = np.deg2rad(np.linspace(first, last, count))
    tall = np.where(np.sin(angle) > 0, 185, 165)
    return np.stack([320 + 122 * np.cos(angle), 290 + tall * np.sin(angle)], -1).astype(np.float32)


def _marks() -> dict[str, Points]:
    marks = {
        "jaw": _oval(180, 0, 21),
        "forehead": _oval(190, 350, 15),
        "lips_outer_upper": _bow((268, 398), (372, 398), 14, 11),
        "lips_outer_lower": _bow((268, 398), (372, 398), -21, 11),
        "lips_inner_upper": _bow((274, 398), (366, 398), 0.4, 11),
        "lips_inner_lower": _bow((274, 398), (366, 398), -0.4, 11),
        "nose_bridge": _bow((320, 272), (320, 338), 0, 7),
        "nose_base": _bow((296, 348), (344, 348), -5, 5),
    }
    for side, x in (("right", 267.0), ("left", 373.0)):
        marks[f"{side}_eye_upper"] = _bow((x - 28, 276), (x + 28, 276), 13, 9)
        marks[f"{side}_eye_lower"] = _bow((x - 28, 276), (x + 28, 276), -8, 9)
        marks[f"{side}_brow"] = _bow((x - 34, 242), (x + 34, 242), 9, 5)
    return marks


def _painted(marks: dict[str, Points]) -> Any:
    picture: Any = np.full((_SIDE, _SIDE, 3), _WALL, np.uint8)
    _disc(picture, (320, 250), (150, 172), _HAIR)
    _fill(picture, np.array([[255, 420], [385, 420], [400, 540], [240, 540]]), _SHADE)
    _disc(picture, (320, 690), (250, 190), _CLOTH)
    face = np.concatenate([marks["jaw"], marks["forehead"][::-1]])
    _fill(picture, face, _SKIN)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.2)
    light = picture.astype(np.float32)
    x, y = np.meshgrid(np.arange(_SIDE), np.arange(_SIDE))
    glow = np.exp(-(((x - 300) / 190) ** 2) - ((y - 270) / 230) ** 2)
    picture = np.clip(light * (0.86 + 0.2 * glow)[..., None], 0, 255).astype(np.uint8)
    _paint_features(picture, marks)
    return cv2.GaussianBlur(picture, (0, 0), 0.7)


def _paint_features(picture: Any, marks: dict[str, Points]) -> None:
    soft = picture.copy()
    _fill(soft, np.array([[322, 280], [346, 346], [318, 352], [300, 348]]), _SHADE)
    picture[:] = cv2.addWeighted(picture, 0.55, cv2.GaussianBlur(soft, (0, 0), 6), 0.45, 0)
    for side in ("right", "left"):
        upper, lower = marks[f"{side}_eye_upper"], marks[f"{side}_eye_lower"]
        eye = picture.copy()
        _fill(eye, np.concatenate([upper, lower[::-1]]), (240, 238, 234))
        inside = np.zeros((_SIDE, _SIDE, 3), np.uint8)
        _fill(inside, np.concatenate([upper, lower[::-1]]), (1, 1, 1))
        middle = (upper[4] + lower[4]) / 2
        _disc(eye, middle, (11.5, 11.5), (84, 110, 112))
        _disc(eye, middle, (5, 5), (22, 24, 26))
        _disc(eye, middle - np.array([3, 4]), (2.2, 2.2), (250, 250, 250))
        np.copyto(picture, eye, where=inside.astype(bool))
        _line(picture, upper, (70, 48, 42), 3)
        _line(picture, marks[f"{side}_brow"], _HAIR, 8)
    _fill(picture, np.concatenate([marks["lips_outer_upper"], marks["lips_inner_upper"][::-1]]),
          tuple(int(c * 0.9) for c in _LIP))  # fmt: skip
    _fill(
        picture, np.concatenate([marks["lips_inner_lower"], marks["lips_outer_lower"][::-1]]), _LIP
    )
    _line(picture, marks["lips_inner_upper"], (128, 66, 62), 2)


def _fill(picture: Any, points: Any, color: tuple[int, ...]) -> None:
    corners = np.rint(np.asarray(points) * 2**_FINE).astype(np.int32)
    cv2.fillPoly(picture, [corners], color, cv2.LINE_AA, _FINE)


def _line(picture: Any, points: Any, color: tuple[int, ...], width: int) -> None:
    corners = np.rint(np.asarray(points) * 2**_FINE).astype(np.int32)
    cv2.polylines(
        picture,
        [corners],
        isClosed=False,
        color=color,
        thickness=width,
        lineType=cv2.LINE_AA,
        shift=_FINE,
    )


def _disc(picture: Any, middle: Any, radii: tuple[float, float], color: tuple[int, ...]) -> None:
    center = tuple(int(n * 2**_FINE) for n in middle)
    size = tuple(int(n * 2**_FINE) for n in radii)
    cv2.ellipse(picture, center, size, 0, 0, 360, color, -1, cv2.LINE_AA, _FINE)
