"""Draws the upper and lower teeth of a photo whose mouth is closed.

Sizes are those of an average adult (Wheeler's Dental Anatomy, chapter 1): a mouth 50 mm wide shows
central incisors of 8.5 mm, laterals of 6.5 mm and foreshortened canines above, and incisors of 5 to
6 mm below. All lengths here are in half widths of the mouth.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from avatar_app.engines.face.photo.plane import Floats, smooth


class _Tooth(NamedTuple):
    start: float
    """Distance of its inner side from the middle of the arch."""
    end: float
    length: float
    """Of the part below the lip, in that of a central incisor."""
    corner: float
    """How much shorter its corners are than its middle."""
    roundness: float
    """Exponent of its edge: 2 is pointed like a canine, 6 nearly straight."""


_UPPER = (
    _Tooth(0.0, 0.31, 1.0, 0.22, 5.0),
    _Tooth(0.31, 0.55, 0.86, 0.28, 4.0),
    _Tooth(0.55, 0.74, 0.95, 0.50, 2.0),
    _Tooth(0.74, 0.88, 0.70, 0.40, 2.2),
    _Tooth(0.88, 1.05, 0.52, 0.40, 2.2),
)
_LOWER = (
    _Tooth(0.0, 0.19, 1.0, 0.10, 5.0),
    _Tooth(0.19, 0.40, 1.0, 0.13, 4.0),
    _Tooth(0.40, 0.60, 1.06, 0.38, 2.0),
    _Tooth(0.60, 0.78, 0.80, 0.30, 2.2),
)
_UNLIT_BACK = (0.34, 0.92)
"""Where the cheeks begin to shade the row of teeth, and where it is lost in darkness."""


class Row(NamedTuple):
    """One row of teeth at every pixel of a picture."""

    edge: Floats
    """Length of the row there, in that of a central incisor; 0 between two teeth."""
    light: Floats
    """Of its front, 0 to 1."""


def upper_row(u: Floats) -> Row:
    """Return the upper teeth at distances `u` from the middle, in half widths of the mouth."""
    return _row(np.abs(u), _UPPER, gap=0.016, relief=0.13)


def lower_row(u: Floats) -> Row:
    """Return the lower teeth at distances `u` from the middle, in half widths of the mouth."""
    return _row(np.abs(u), _LOWER, gap=0.013, relief=0.18)


def _row(away: Floats, teeth: tuple[_Tooth, ...], *, gap: float, relief: float) -> Row:
    edge, light = np.zeros_like(away), np.zeros_like(away)
    for tooth in teeth:
        half = (tooth.end - tooth.start) / 2
        across = np.abs(away - tooth.start - half) / half
        within = across <= 1
        low = tooth.length * (1 - tooth.corner * across**tooth.roundness)
        seam = np.exp(-(((1 - across) * half / gap) ** 2))
        front = 1 - relief * across**3 - 0.12 * seam
        edge, light = np.where(within, low, edge), np.where(within, front, light)
    start, end = _UNLIT_BACK
    light = light * (1 - 0.80 * smooth((away - start) / (end - start)))
    return Row(edge.astype(np.float32), light.astype(np.float32))
