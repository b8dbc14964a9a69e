"""Draws the inside of an open mouth: darkness, tongue and teeth, in the photo's colors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.engines.face.animation.pose import Mouth
from avatar_app.engines.face.photo.plane import Floats, Plane, smooth

_TOOTH = np.array([240, 234, 222], np.float32)
_UNLIT = np.array([0.66, 0.52, 0.48], np.float32)
"""How much of the teeth's color is seen deep behind rounded lips."""
_GAPS = (0.0, 0.17, 0.31, 0.44, 0.56, 0.67)
"""Between the upper teeth, in half widths of the mouth."""
_TEETH = 0.13
"""How far the upper teeth reach below the closed lips' line, in half widths."""
_BRIGHT = 0.80
"""Of the skin's brightness, from which what a photo shows between the lips are teeth."""


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """The gap between the lips."""

    upper: Floats
    """v of its upper edge, at every pixel of the plane."""
    lower: Floats
    wide: float
    """Width of the mouth, in widths of the photo's."""
    mouth: Mouth
    speaking: float
    """0 as in the photo, 1 speaking."""
    parted: bool
    """Is the photo's mouth open?"""


class Inside:
    """The inner mouth of one portrait; `still` is the plane's part of it."""

    def __init__(self, plane: Plane, still: Any, half: float, upper: Floats, lower: Floats) -> None:
        self._half = half
        self._box = box = _box(plane, half)
        self._u, self._v = plane.u[box], plane.v[box]
        self._photo = still[box].astype(np.float32)
        skin = _mean(still, (plane.v < upper - half * 0.45) & (np.abs(plane.u) < half * 1.2))
        lips = _mean(still, (plane.v > lower + 1) & (plane.v < lower + half * 0.22)
                     & (np.abs(plane.u) < half * 0.5))  # fmt: skip
        light = float(skin.mean()) / 170
        self._dark = np.minimum(lips * 0.16, 60) * np.array([1.0, 0.55, 0.52], np.float32)
        self._tongue = 0.55 * lips + np.array([70, 22, 24], np.float32) * light
        tint = 0.6 + 0.4 * skin / max(float(skin.mean()), 1.0)
        self._tooth = _TOOTH * tint * min(max(light, 0.5), 1.0)
        near = np.abs(plane.u) < half * 0.15
        lip = np.float32(np.median(upper[near]))
        self._teeth, self._cover = self._drawn_teeth(lip + 0.6 * (upper[box] - lip))
        gap = (self._v > upper[box] + 1) & (self._v < lower[box] - 1)
        if np.count_nonzero(gap) > 20:
            self._keep_photo_teeth(gap, lower[box], float(skin.mean()))

    def filled(self, part: Any, opening: Opening) -> Any:
        """`part`, the plane's skin with the lips moved, with the inner mouth between them."""
        box = self._box
        upper, lower = opening.upper[box], opening.lower[box]
        pixel = max(self._half / 50, 1.0)
        deep = np.minimum(self._v - upper, lower - self._v)
        hole = np.clip(deep / pixel + 0.25, 0, 1) * np.clip((lower - upper) / pixel - 0.3, 0, 1)
        seam = self._seam(upper, lower, opening)
        if hole.max() <= 0 and seam is None:
            return part
        skin = part[box].astype(np.float32)
        shown = self._shown(upper, lower, opening)
        mixed = skin + (shown - skin) * hole[..., None]
        if seam is not None:
            mixed += (self._dark - mixed) * seam[..., None]
        part[box] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
        return part

    def _seam(self, upper: Floats, lower: Floats, opening: Opening) -> Floats | None:
        """The line of closed lips, where the photo has none because its mouth is open."""
        if not opening.parted:
            return None
        wide = max(0.022 * self._half, 0.8)
        closed = np.clip(1 - (lower - upper) / (0.1 * self._half), 0, 1)
        line = np.exp(-(((self._v - (upper + lower) / 2) / wide) ** 2))
        ends = smooth((0.92 * opening.wide - np.abs(self._u) / self._half) / 0.25)
        return np.asarray(0.62 * opening.speaking * closed * line * ends, np.float32)

    def _shown(self, upper: Floats, lower: Floats, opening: Opening) -> Floats:
        half, mouth = self._half, opening.mouth
        gap = np.maximum(lower - upper, 1)
        depth = (self._v - upper) / gap
        picture = self._dark * (0.75 + 0.5 * np.clip(depth, 0, 1))[..., None]
        picture = self._with_tongue(picture, lower, gap, mouth)
        high = 0.17 * half * mouth.lower_teeth
        cover = smooth((self._v - lower + high) / (0.05 * half + 0.5))
        cover *= smooth((0.58 * half - np.abs(self._u)) / (0.2 * half)) * (high > 0.5) * 0.8
        picture += (self._tooth * 0.62 - picture) * cover[..., None]
        lit = self._lit(opening)
        tone = self._teeth * (_UNLIT + (1 - _UNLIT) * np.float32(lit))
        picture += (tone - picture) * (self._cover * np.float32(lit))[..., None]
        shade = np.exp(-np.maximum(self._v - upper, 0) / (0.07 * half)) * 0.32
        shade = np.maximum(shade, np.clip(np.abs(self._u) / half, 0, 1) ** 4 * 0.6)
        picture *= (1 - shade * (0.4 if opening.parted else 1.0))[..., None]
        picture = cv2.GaussianBlur(picture, (0, 0), max(half / 70, 0.5))
        as_photo = (1 - opening.speaking) if opening.parted else 0.0
        return np.asarray(picture + (self._photo - picture) * np.float32(as_photo), np.float32)

    def _lit(self, opening: Opening) -> float:
        """Light on the upper teeth, 0 to 1: those that a photo shows stay in sight while it speaks,
        except behind rounded lips."""
        by_shape = 0.10 + 0.90 * min(opening.mouth.upper_teeth * 1.7, 1.0)
        if not opening.parted:
            return by_shape
        return max(by_shape, 1 - opening.speaking * (0.2 + 0.8 * opening.mouth.rounding))

    def _with_tongue(self, picture: Floats, lower: Floats, gap: Floats, mouth: Mouth) -> Floats:
        half = self._half
        raised = 0.36 + 0.36 * mouth.tongue + 0.15 * mouth.tip
        wide = half * (0.66 - 0.12 * mouth.rounding)
        top = lower - gap * raised + (self._u / wide) ** 2 * gap * 0.30
        cover = smooth((self._v - top) / (0.10 * half)) * smooth(
            (wide - np.abs(self._u)) / (0.3 * half)
        )
        light = np.clip(0.82 - 0.55 * (self._v - top) / (0.5 * half), 0.25, 0.82)
        groove = 1 - 0.12 * np.exp(-((self._u / (0.05 * half)) ** 2))
        tone = self._tongue * (light * groove)[..., None]
        return np.asarray(picture + (tone - picture) * cover[..., None], np.float32)

    def _drawn_teeth(self, lip: Floats) -> tuple[Floats, Floats]:
        """Color and cover of the upper teeth, which hang from the skull whatever the lips do, to
        a little below where the upper lip (`lip`) ends at rest."""
        half = self._half
        u, v = self._u / half, (self._v - lip) / half
        shape = np.cos(np.clip(u * 1.25, -1.5, 1.5)) ** 0.8
        for gap in _GAPS:
            shape = shape * (1 - 0.10 * np.exp(-(((np.abs(u) - gap) / 0.014) ** 2)))
        light = shape * np.clip(0.92 + 0.9 * (v + 0.1), 0.82, 1.04)
        low = _TEETH * (1 - 0.55 * np.clip(np.abs(u) / 0.7, 0, 1) ** 2)
        cover = smooth((low - v) * half / max(half / 22, 1.2)) * smooth((0.76 - np.abs(u)) / 0.1)
        return self._tooth * light[..., None].astype(np.float32), cover.astype(np.float32)

    def _keep_photo_teeth(self, gap: NDArray[np.bool_], lower: Floats, skin: float) -> None:
        """Take the teeth from the photo, continued upwards behind the lip, if it shows any."""
        if float(np.median(self._photo[gap].mean(axis=-1))) < _BRIGHT * skin:
            return
        hidden = np.where(gap, 0, 255).astype(np.uint8)
        whole = cv2.inpaint(self._photo.astype(np.uint8), hidden, 3, cv2.INPAINT_TELEA)
        self._teeth = whole.astype(np.float32)
        wide = smooth((0.80 * self._half - np.abs(self._u)) / (0.12 * self._half))
        self._cover = np.asarray(smooth((lower - self._v) / 2.0) * wide, np.float32)


def _box(plane: Plane, half: float) -> tuple[slice, slice]:
    """The pixels of the plane that may lie between the lips."""
    near = (np.abs(plane.u) < half * 1.05) & (plane.v > -half * 0.7) & (plane.v < half * 1.2)
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _mean(picture: Any, where: NDArray[np.bool_]) -> Floats:
    """The median color."""
    pixels = picture[where] if where.any() else picture.reshape(-1, 3)
    return np.asarray(np.median(pixels, axis=0), np.float32)
