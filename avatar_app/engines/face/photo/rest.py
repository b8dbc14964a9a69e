"""Finds the lips of a photo as curves, and whether the mouth is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar_app.engines.face.photo.plane import Floats, Plane, curve

_OPEN = (0.07, 0.20)
"""Gap between the lips' edges, in half widths of the mouth, from which the mouth may be, and
certainly is, open."""
_LIKE_LIPS = (0.38, 1.0)
"""Brightness, in that of the lips, of what is no open mouth but lips that touch, with a dark line
between: the mesh draws their edges apart where a smile stretches them."""
_SEARCHED = 0.11
"""How far to either side the line between closed lips is searched, in half widths."""


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """The lips' edges, each v over the plane's line."""

    upper_out: Floats
    upper: Floats
    lower: Floats
    lower_out: Floats


def rest_of(plane: Plane, still: Any, marks: dict[str, Floats], half: float) -> tuple[Rest, bool]:
    """The lips of the plane's part of a portrait, and whether they are open."""
    local = {name: plane.local(marks[f"lips_{name}"]) for name in _NAMES}
    light = still.astype(np.float32).mean(axis=-1)
    parted = _are_open(plane, light, local, half)
    if not parted:
        seam = _seam(plane, light, local, half)
        local |= {"inner_upper": seam, "inner_lower": seam}
    out, upper, lower, under = (curve(local[name], plane.line, half * 0.26) for name in _NAMES)
    upper = np.minimum(upper, lower)
    rest = Rest(np.minimum(out, upper - 1), upper, lower, np.maximum(under, lower + 1))
    return rest, parted


_NAMES = ("outer_upper", "inner_upper", "inner_lower", "outer_lower")


def _are_open(plane: Plane, light: Floats, local: dict[str, Floats], half: float) -> bool:
    upper, lower = local["inner_upper"], local["inner_lower"]
    gap = float((lower - upper)[:, 1].max()) / half
    if not _OPEN[0] <= gap < _OPEN[1]:
        return gap >= _OPEN[1]
    middle = slice(3, 8)
    between = [(upper * (1 - part) + lower * part)[middle] for part in (0.3, 0.4, 0.5, 0.6, 0.7)]
    lips = [
        (upper * 0.5 + local["outer_upper"] * 0.5)[middle],
        (lower * 0.5 + local["outer_lower"] * 0.5)[middle],
    ]
    inside = np.median(plane.seen(light, np.concatenate(between)))
    around = np.median(plane.seen(light, np.concatenate(lips)))
    least, most = _LIKE_LIPS
    return not least * around < inside < most * around


def _seam(plane: Plane, light: Floats, local: dict[str, Floats], half: float) -> Floats:
    """The line between closed lips: the darkest place near the middle of the mesh's edges."""
    points = (local["inner_upper"] + local["inner_lower"]) / 2
    offsets = np.linspace(-_SEARCHED, _SEARCHED, 15, dtype=np.float32) * half
    found: Floats = points.astype(np.float32)
    for k in range(1, len(points) - 1):
        column = points[k] + np.stack([np.zeros_like(offsets), offsets], axis=-1)
        seen = plane.seen(light, column) + np.abs(offsets) / half * 60  # near, where in doubt
        found[k, 1] += offsets[int(np.argmin(seen))]
    steady: Floats = found.astype(np.float32)
    steady[1:-1, 1] = np.median([found[:-2, 1], found[1:-1, 1], found[2:, 1]], axis=0)
    return steady
