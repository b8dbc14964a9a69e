"""Animates the lips of a photo: opens, closes, spreads and rounds two layers of skin.

The skin above the mouth's line and the skin below it are each stretched from column to column so
that the lips' edges lie where the pose wants them; what opens between shows the inner mouth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar_app.engines.face.animation.pose import Mouth, Pose
from avatar_app.engines.face.photo.mouth_interior import Inside, Opening
from avatar_app.engines.face.photo.plane import Floats, Plane, smooth
from avatar_app.engines.face.photo.rest import Rest, rest_of

_GAP = 0.60
"""Height of the widest open mouth, in half widths of the mouth; so are the lengths below."""
_JAW = 0.40
_LIFT = 0.17
"""Share of the gap by which the upper lip rises."""
_SIDE = (0.45, 2.25)
"""From where to where, sideways, what the lips and the jaw do fades away."""
_NEUTRAL = 0.27
"""Half width of a mouth that does not smile, in distances between the eyes' outer corners."""
_NARROWEST = 0.72
"""Width of a mouth, in widths of the photo's, below which the cheeks would crease."""
_STILL = 0.004


@dataclass(frozen=True, slots=True, eq=False)
class _Move:
    """Where the lips' edges are now, and how far they came; curves over the plane's line."""

    rest: Rest
    upper: Floats
    lower: Floats
    upper_out: Floats
    lower_out: Floats
    chin: Floats
    arch: Floats
    """1 in the middle of the mouth, 0 from its corners on."""


class Lips:
    """The lower face of a framed portrait."""

    def __init__(self, picture: Any, marks: dict[str, Floats]) -> None:
        first, last = marks["lips_outer_upper"][0], marks["lips_outer_upper"][-1]
        across = last - first
        self._half = half = float(np.linalg.norm(across)) / 2
        middle, tilt = (first + last) / 2, float(np.arctan2(across[1], across[0]))
        chin = float(np.linalg.norm(marks["jaw"][10] - middle))
        nose = float(np.linalg.norm(marks["nose_base"][2] - middle))
        reach = (half * 2.5, nose * 2.0, half * 2.5, chin * 1.75)
        size = picture.shape[1], picture.shape[0]
        self.plane = plane = Plane(middle, tilt, reach, size)
        self._nose, self._chin, self._end = -nose * 0.92, chin, chin * 1.7
        self._still = plane.cut(picture).copy()
        self._rest, self._parted = rest_of(plane, self._still, marks, half)
        self._sideways = smooth(
            (half * _SIDE[1] - np.abs(plane.line)) / (half * (_SIDE[1] - _SIDE[0]))
        )
        eyes = marks["left_eye_upper"][-1] - marks["right_eye_upper"][0]
        self._grin = min(max(1 - _NEUTRAL * float(np.linalg.norm(eyes)) / half, 0.0), 0.3)
        self._margin = max(0.03 * half, 0.8) if self._parted else 0.0
        self._inside = Inside(
            plane, self._still, half, plane.spread(self._rest.upper), plane.spread(self._rest.lower)
        )
        self._near = self._nearness()

    def show(self, picture: Any, pose: Pose) -> None:
        """Change the mouth's part of `picture`, which holds the still portrait."""
        if not self.are_still(pose):
            self.plane.cut(picture)[:] = self.moved(self._still, pose)

    def are_still(self, pose: Pose) -> bool:
        """Are they as in the portrait?"""
        return max(pose.engagement, *(abs(part) for part in pose.mouth)) < _STILL

    def moved(self, still: Any, pose: Pose) -> Any:
        """The lower face `still`, at rest and of the plane's shape, as it is in `pose`."""
        mouth = pose.mouth
        plane, speaking = self.plane, pose.engagement if self._parted else 0.0
        wide = self._width(mouth, pose.engagement)
        stretch, move = self._moved(mouth, speaking, wide)
        upper, lower = plane.spread(move.upper), plane.spread(move.lower)
        below = plane.v > (upper + lower) / 2
        shift = np.where(below, self._shift_below(move, lower), self._shift_above(move, upper))
        part = plane.sampled(still, plane.spread(stretch) * self._near, -shift)
        opening = Opening(upper, lower, wide, mouth, speaking, self._parted)
        return self._inside.filled(part, opening)

    def _nearness(self) -> Floats:
        """How much of the stretch to the sides each pixel takes part in: less toward the nose, and
        farther up in the cheeks, so that they bend gently."""
        u, v = self.plane.u, self.plane.v
        cheek = smooth((np.abs(u) - 0.45 * self._half) / (0.8 * self._half))
        start = self._nose * (1 + 0.9 * cheek)
        falling = smooth((self._chin * 0.9 - v) / (self._chin * 0.7))
        return np.asarray(smooth((v - start) / (-start * 0.95)) * falling, np.float32)

    def _width(self, mouth: Mouth, speaking: float) -> float:
        """Of the mouth, in widths of the photo's."""
        wide = 1 + 0.09 * mouth.width - 0.22 * mouth.rounding - 0.08 * mouth.opening
        return max(wide * (1 - 0.6 * self._grin * speaking), _NARROWEST)

    def _stretch(self, wide: float) -> Floats:
        """How far to the side each place along the line is taken from."""
        line = self.plane.line
        fading = smooth((1.85 * self._half - np.abs(line)) / (1.45 * self._half))
        return np.asarray((1 / wide - 1) * line * fading, np.float32)

    def _moved(self, mouth: Mouth, speaking: float, wide: float) -> tuple[Floats, _Move]:
        """The stretch to the sides, and what the lips' edges, stretched with it, do."""
        stretch = self._stretch(wide)
        return stretch, self._move(mouth, speaking, self.plane.line + stretch)

    def _move(self, mouth: Mouth, speaking: float, source: Floats) -> _Move:
        half, line = self._half, self.plane.line
        rest = Rest(
            *(
                np.interp(source, line, each).astype(np.float32)
                for each in (
                    self._rest.upper_out, self._rest.upper, self._rest.lower, self._rest.lower_out
                )
            )
        )  # fmt: skip
        side = np.clip(np.abs(source) / (0.95 * half), 0, 1)
        arch = (1 - side**2) ** (1.0 - 0.35 * mouth.rounding)
        own = rest.lower - rest.upper
        gap = mouth.opening * (1 + 0.4 * mouth.rounding) * _GAP * half * arch
        drop = 0.30 * mouth.opening * _GAP * half * side**2 * self._sideways
        bow = float(np.interp(0.0, line, (self._rest.upper + self._rest.lower) / 2))
        drop += 0.55 * mouth.rounding * max(bow, 0.0) * side**2 * self._sideways
        upper = (
            rest.upper
            + 0.10 * half * mouth.rounding * speaking * arch
            + 0.40 * speaking * own
            - _LIFT * gap
            + drop
        )
        lower = upper + (1 - speaking) * own + gap
        lower -= 0.02 * half * mouth.tuck * arch
        lower = np.maximum(lower, upper)
        thick = rest.upper - rest.upper_out, rest.lower_out - rest.lower
        firm = mouth.press - 0.5 * mouth.rounding
        chin = mouth.jaw * _JAW * half * self._sideways
        upper_out = rest.upper_out + 0.7 * (upper - rest.upper) + 0.25 * firm * thick[0] * arch
        pulled = 0.90 * (lower - rest.lower)
        lower_out = rest.lower_out + pulled * arch + (1 - arch) * 0.5 * chin
        lower_out -= (0.22 * firm + 0.25 * mouth.tuck) * thick[1] * arch
        return _Move(
            rest,
            upper,
            lower,
            np.minimum(upper_out, upper - 0.45 * thick[0]),
            np.maximum(lower_out, lower + 0.45 * thick[1]),
            chin.astype(np.float32),
            np.sqrt(1 - side**2).astype(np.float32),
        )

    def _shift_above(self, move: _Move, upper: Floats) -> Floats:
        """How far down each pixel of the upper layer has come."""
        spread, v = self.plane.spread, self.plane.v
        out = spread(move.upper_out)
        moved = spread(move.upper_out - move.rest.upper_out)
        edge = spread(move.upper - move.rest.upper + self._margin * move.arch)
        shift = moved * smooth((v - self._nose) / np.maximum(out - self._nose, 1))
        shift = shift + (edge - moved) * np.clip((v - out) / np.maximum(upper - out, 1), 0, 1)
        return np.asarray(shift, np.float32)

    def _shift_below(self, move: _Move, lower: Floats) -> Floats:
        """How far down each pixel of the lower layer has come."""
        spread, v = self.plane.spread, self.plane.v
        out = spread(move.lower_out)
        edge = spread(move.lower - move.rest.lower - self._margin * move.arch)
        moved = spread(move.lower_out - move.rest.lower_out)
        chin = spread(move.chin)
        end = self._chin + chin
        shift = edge + (moved - edge) * np.clip((v - lower) / np.maximum(out - lower, 1), 0, 1)
        shift += (chin - moved) * smooth((v - out) / np.maximum(end - out, 1))
        return np.asarray(shift - chin * smooth((v - end) / (self._end - end)), np.float32)
