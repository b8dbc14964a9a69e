"""Draws the inside of an open mouth: darkness, tongue and teeth, in the photo's colors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.engines.face.animation.pose import Mouth
from avatar_app.engines.face.photo.plane import Floats, Plane, smooth
from avatar_app.engines.face.photo.teeth import lower_row, upper_row

_TOOTH = np.array([236, 226, 208], np.float32)
_UNLIT = np.array([0.66, 0.52, 0.48], np.float32)
"""How much of the teeth's color is seen deep behind rounded lips."""
_TEETH = 0.16
"""How far the upper teeth reach below the closed lips' line, in half widths."""
_FALLS = 0.4
"""How far the upper lip of an open mouth comes down to speak, in heights of the photo's gap."""
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
        self._dark = np.minimum(lips * 0.20, 60) * np.array([1.0, 0.48, 0.45], np.float32)
        self._gum = lips * np.array([0.50, 0.40, 0.40], np.float32)
        self._tongue = 0.62 * lips + np.array([72, 30, 32], np.float32) * light
        self._lower_row = lower_row(self._u / half)
        tint = 0.6 + 0.4 * skin / max(float(skin.mean()), 1.0)
        self._tooth = _TOOTH * tint * min(max(light, 0.5), 1.0)
        near = np.abs(plane.u) < half * 0.15
        lip = np.float32(np.median(upper[near] + _FALLS * (lower - upper)[near]))
        self._teeth, self._cover = self._drawn_teeth(lip + 0.6 * (upper[box] - lip))
        self._softness = float(np.clip(_blur(self._photo) / 2, half / 70, half / 24))
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
        mouth = opening.mouth
        gap = np.maximum(lower - upper, 1)
        back = 0.45 + 0.75 * np.clip((self._v - upper) / gap, 0, 1)
        picture = self._dark * back[..., None]
        picture = self._with_tongue(picture, lower, gap, mouth)
        picture = self._with_lower_teeth(picture, lower, mouth)
        picture = self._with_upper_teeth(picture, opening)
        picture = self._shaded(picture, upper, lower, opening)
        picture = cv2.GaussianBlur(picture, (0, 0), max(self._softness, 0.5))
        as_photo = (1 - opening.speaking) if opening.parted else 0.0
        return np.asarray(picture + (self._photo - picture) * np.float32(as_photo), np.float32)

    def _with_lower_teeth(self, picture: Floats, lower: Floats, mouth: Mouth) -> Floats:
        """They rise a little from behind the lower lip as the jaw opens."""
        high = self._half * (0.17 * mouth.lower_teeth + 0.07 * mouth.opening * (1 - mouth.rounding))
        low = 1 - np.clip(self._u / (0.68 * self._half), -1, 1) ** 2
        cover = smooth(
            (self._v - lower + high * low * self._lower_row.edge) / (0.03 * self._half + 0.7)
        )
        tone = self._tooth * (0.60 * self._lower_row.light)[..., None]
        return _over(picture, tone, cover * 0.9 * float(smooth(high / (0.05 * self._half))))

    def _with_upper_teeth(self, picture: Floats, opening: Opening) -> Floats:
        lit = np.float32(self._lit(opening))
        return _over(picture, self._teeth * (_UNLIT + (1 - _UNLIT) * lit), self._cover * lit)

    def _shaded(self, picture: Floats, upper: Floats, lower: Floats, opening: Opening) -> Floats:
        """The shadow of the upper lip, and the moist skin on the inner side of both."""
        half = self._half
        shade = np.exp(-np.maximum(self._v - upper, 0) / (0.08 * half)) * 0.5
        shade = np.maximum(shade, np.clip(np.abs(self._u) / (half * opening.wide), 0, 1) ** 4 * 0.6)
        picture = picture * (1 - shade * (0.4 if opening.parted else 1.0))[..., None]
        near = np.minimum((self._v - upper) * 1.6, lower - self._v)
        ends = np.clip(1 - (lower - upper) / (0.22 * half), 0, 1)
        moist = np.exp(-np.maximum(near, 0) / (0.045 * half)) * 0.55 + 0.45 * ends
        return _over(picture, self._gum, np.minimum(moist, 0.85) * (not opening.parted))

    def _lit(self, opening: Opening) -> float:
        """Light on the upper teeth, 0 to 1: those that a photo shows stay in sight while it speaks,
        except behind rounded lips."""
        by_shape = 0.10 + 0.90 * min(opening.mouth.upper_teeth * 1.7, 1.0)
        if not opening.parted:
            return by_shape
        return max(by_shape, 1 - opening.speaking * (0.2 + 0.8 * opening.mouth.rounding))

    def _with_tongue(self, picture: Floats, lower: Floats, gap: Floats, mouth: Mouth) -> Floats:
        """Its back is lost in the dark; light falls on the front, most on a moist streak."""
        half = self._half
        raised = 0.50 + 0.28 * mouth.tongue + 0.12 * mouth.tip
        wide = half * (0.72 - 0.12 * mouth.rounding)
        top = lower - gap * raised + (self._u / wide) ** 2 * gap * 0.24
        front = np.clip((self._v - top) / np.maximum(lower - top, 1), 0, 1)
        cover = smooth((self._v - top) / (0.12 * half))
        cover *= smooth((wide - np.abs(self._u)) / (0.3 * half))
        groove = 1 - 0.16 * np.exp(-((self._u / (0.06 * half)) ** 2)) * (1 - 0.6 * front)
        light = (0.50 + 0.48 * smooth(front * 1.25)) * groove
        moist = np.exp(
            -(((front - 0.55) / 0.20) ** 2) - (np.abs(self._u) / half - 0.16) ** 2 / 0.02
        )
        tone = self._tongue * light[..., None] + (moist * 20)[..., None]
        return _over(picture, tone, cover)

    def _drawn_teeth(self, lip: Floats) -> tuple[Floats, Floats]:
        """Color and cover of the upper teeth, which hang from the skull whatever the lips do, to
        a little below where the upper lip (`lip`) ends at rest."""
        half = self._half
        row = upper_row(self._u / half)
        low = _TEETH * half * row.edge
        below = (self._v - lip) / np.maximum(low, 1)
        enamel = np.clip(1.02 - 0.10 * smooth((below - 0.55) / 0.45), 0, 1.02)
        cool = 1 + smooth((below - 0.6) / 0.4)[..., None] * np.array(
            [-0.05, -0.01, 0.02], np.float32
        )
        cover = smooth((lip + low - self._v) / max(half / 26, 1.2)) * (row.edge > 0)
        tone = self._tooth * cool * (row.light * enamel)[..., None]
        return tone.astype(np.float32), cover.astype(np.float32)

    def _keep_photo_teeth(self, gap: NDArray[np.bool_], lower: Floats, skin: float) -> None:
        """Take the teeth from the photo, continued upwards behind the lip, if it shows any."""
        if float(np.median(self._photo[gap].mean(axis=-1))) < _BRIGHT * skin:
            return
        hidden = np.where(gap, 0, 255).astype(np.uint8)
        whole = cv2.inpaint(self._photo.astype(np.uint8), hidden, 3, cv2.INPAINT_TELEA)
        self._teeth = whole.astype(np.float32)
        wide = smooth((0.80 * self._half - np.abs(self._u)) / (0.12 * self._half))
        self._cover = np.asarray(smooth((lower - self._v) / 2.0) * wide, np.float32)


def _over(picture: Floats, tone: Floats, cover: Floats) -> Floats:
    """`tone` laid over the picture where `cover` is 1."""
    return np.asarray(picture + (tone - picture) * cover[..., None], np.float32)


def _blur(picture: Floats) -> float:
    """Standard deviation of the blur of a photo, in pixels, from its steepest edge: the edge of a
    step `a` that is blurred by a Gaussian of deviation s rises by a / (s √(2π))."""
    gray = picture.mean(axis=-1)
    low, high = np.percentile(gray, (2, 98))
    steep = np.percentile(np.hypot(*np.gradient(gray)), 99.5)
    return float((high - low) / max(float(steep) * np.sqrt(2 * np.pi), 1e-3))


def _box(plane: Plane, half: float) -> tuple[slice, slice]:
    """The pixels of the plane that may lie between the lips."""
    near = (np.abs(plane.u) < half * 1.05) & (plane.v > -half * 0.7) & (plane.v < half * 1.2)
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _mean(picture: Any, where: NDArray[np.bool_]) -> Floats:
    """The median color."""
    pixels = picture[where] if where.any() else picture.reshape(-1, 3)
    return np.asarray(np.median(pixels, axis=0), np.float32)
