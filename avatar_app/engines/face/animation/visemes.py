"""Mouth shapes of the 15 visemes, and their blending by coarticulation.

Coarticulation follows the dominance functions of Cohen & Massaro ("Modeling coarticulation in
synthetic visual speech", 1993): a shape is the mean of the neighboring visemes' targets, weighted
by how much each insists on its own. Here a viseme's weight is its share of a raised-cosine window
centered on the moment, so the mouth neither runs ahead of the sound nor lags behind it, and needs
to know only `REACH` seconds of the future.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from avatar_app.core.values import MouthShape
from avatar_app.engines.face.animation.pose import Mouth

REACH = 0.07
"""Seconds to either side of a moment within which visemes shape the mouth."""
_HOLD = 0.042
"""Seconds for which closed lips stay closed at least: more than one frame, so none is missed."""
_LEAD = 0.012
"""Seconds by which lips are closed before the consonant's start."""
_RAMP = 0.058
"""Seconds that lips take to close and to part."""

SHAPES: dict[MouthShape, Mouth] = {
    MouthShape.SIL: Mouth(),
    MouthShape.PP: Mouth(width=-0.08, press=0.85),
    MouthShape.FF: Mouth(opening=0.13, jaw=0.10, width=0.12, upper_teeth=0.8, tuck=1.0),
    MouthShape.TH: Mouth(0.26, 0.22, 0.08, 0.0, 0.62, 0.15, 0.5, 1.0),
    MouthShape.DD: Mouth(0.27, 0.22, 0.12, 0.0, 0.60, 0.42, 0.85),
    MouthShape.KK: Mouth(0.33, 0.28, 0.05, 0.05, 0.50, 0.25, 0.35),
    MouthShape.CH: Mouth(0.24, 0.16, -0.30, 0.62, 0.75, 0.65, 0.4),
    MouthShape.SS: Mouth(0.19, 0.08, 0.42, 0.0, 0.85, 0.85, 0.35),
    MouthShape.NN: Mouth(0.30, 0.24, 0.12, 0.0, 0.58, 0.25, 0.9),
    MouthShape.RR: Mouth(0.30, 0.24, -0.25, 0.50, 0.35, 0.35, 0.5),
    MouthShape.AA: Mouth(0.92, 0.95, 0.12, 0.05, 0.62, 0.12, 0.10),
    MouthShape.E: Mouth(0.60, 0.52, 0.55, 0.0, 0.72, 0.22, 0.40),
    MouthShape.IH: Mouth(0.42, 0.34, 0.70, 0.0, 0.80, 0.35, 0.55),
    MouthShape.OH: Mouth(0.70, 0.68, -0.20, 0.72, 0.30, 0.08, 0.15),
    MouthShape.OU: Mouth(0.34, 0.30, -0.35, 1.0, 0.12, 0.05, 0.20),
}

DOMINANCE = {
    MouthShape.PP: 3.0,
    MouthShape.FF: 3.0,
    MouthShape.TH: 1.6,
    MouthShape.CH: 1.6,
    MouthShape.SS: 1.4,
    MouthShape.OU: 1.6,
    MouthShape.AA: 1.5,
    MouthShape.OH: 1.5,
    MouthShape.E: 1.3,
    MouthShape.KK: 0.6,
    MouthShape.DD: 0.8,
    MouthShape.NN: 0.8,
}
"""How much a viseme insists on its own shape; 1 for the others."""


class Segment(NamedTuple):
    """A stretch of speech with one target shape."""

    start: float
    shape: MouthShape | None
    """None where the voice gives no visemes: the mouth is derived from the sound."""


def blend_visemes(segments: Sequence[Segment], at: float, by_sound: Mouth) -> Mouth:
    """Return the mouth at `at` seconds; `by_sound` is the target of segments without a viseme.

    Segments are in order of time. Those that start after `at + REACH` do not matter.
    """
    total, sums = 0.0, [0.0] * len(Mouth._fields)
    for start, end, shape in _near(segments, at):
        share = _window(end - at) - _window(start - at)
        weight = share * (DOMINANCE.get(shape, 1.0) if shape else 1.0)
        total += weight
        target = SHAPES[shape] if shape else by_sound
        sums = [s + weight * part for s, part in zip(sums, target, strict=True)]
    if total <= 0.0:
        return Mouth()
    return close_lips(Mouth(*(s / total for s in sums)), closure(segments, at))


def _near(segments: Sequence[Segment], at: float) -> list[tuple[float, float, MouthShape | None]]:
    """Return (start, end, shape) of the segments within reach; silence before the first one."""
    first = bisect_right(segments, at - REACH, key=lambda segment: segment.start) - 1
    last = bisect_right(segments, at + REACH, key=lambda segment: segment.start)
    near: list[tuple[float, float, MouthShape | None]] = []
    if first < 0 and segments:
        near.append((-math.inf, segments[0].start, MouthShape.SIL))
    for i in range(max(first, 0), last):
        end = segments[i + 1].start if i + 1 < last else math.inf
        near.append((segments[i].start, end, segments[i].shape))
    return near


def _window(offset: float) -> float:
    """Return the share of a raised cosine of half width REACH that lies before `offset` of its
    center."""
    u = min(max(offset / REACH, -1.0), 1.0)
    return 0.5 * (1 + u + math.sin(math.pi * u) / math.pi)


def closure(segments: Sequence[Segment], at: float) -> float:
    """Return how far the lips are closed for p, b or m: 1 at the consonant, however short it is."""
    most = 0.0
    for start, end, shape in _near(segments, at):
        if shape is MouthShape.PP:
            begin = start - _LEAD
            until = max(min(end, at + REACH), begin + _HOLD)
            away = max(begin - at, at - until, 0.0)
            most = max(most, _smoothstep(1 - away / _RAMP))
    return most


def _smoothstep(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def close_lips(mouth: Mouth, share: float) -> Mouth:
    """Return `mouth` with its lips closed by `share`, 0 to 1."""
    if share <= 0.0:
        return mouth
    away = 1 - share
    return mouth._replace(
        opening=mouth.opening * away,
        press=max(mouth.press, SHAPES[MouthShape.PP].press * share),
        tuck=mouth.tuck * away,
        tip=mouth.tip * away,
    )
