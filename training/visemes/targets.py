"""What the network is to say of each hundredth of a second, from a track of mouth shapes.

The opening is the very curve that a face shows of the same track (`blend_visemes` in
animation/visemes.py), computed for all columns at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from phones import Track

from avatar_app.core.values import MouthShape
from avatar_app.engines.face.animation.spectrum import HOP
from avatar_app.engines.face.animation.visemes import DOMINANCE, REACH, SHAPES, Segment, closure

CLASSES = tuple(MouthShape)
_FINE = 5
"""Steps per column in which a track is read."""
_AROUND = 0.15
"""Seconds around p, b and m in which they may close the lips."""
_OPENINGS = np.array([SHAPES[shape].opening for shape in CLASSES])
_WEIGHTS = np.array([DOMINANCE.get(shape, 1.0) for shape in CLASSES])
Floats = NDArray[np.float32]


def targets_of(track: Track, columns: int) -> tuple[NDArray[np.int64], Floats]:
    """Class of each column, (n,); opening and closure as on a face, (n, 2)."""
    starts = np.array([at for at, _ in track])
    numbers = np.array([CLASSES.index(shape) for _, shape in track])
    half = round(REACH / HOP * _FINE)
    fine = np.arange(-half, columns * _FINE + half) * HOP / _FINE
    place = np.searchsorted(starts, fine, "right") - 1
    classes = np.where(place < 0, CLASSES.index(MouthShape.SIL), numbers[np.maximum(place, 0)])
    window = 1 + np.cos(np.pi * np.arange(-half, half + 1) / half)
    sums = np.convolve(_OPENINGS[classes] * _WEIGHTS[classes], window, "valid")
    openings = (sums / np.convolve(_WEIGHTS[classes], window, "valid"))[::_FINE][:columns]
    closed = _closures(track, columns)
    curves = np.stack([openings * (1 - closed), closed], axis=1).astype(np.float32)
    return classes[half : half + columns * _FINE : _FINE].astype(np.int64), curves


def _closures(track: Track, columns: int) -> NDArray[np.float64]:
    segments = [Segment(at, shape) for at, shape in track]
    ends = [*(at for at, _ in track[1:]), columns * HOP]
    closed = np.zeros(columns)
    for (at, shape), end in zip(track, ends, strict=True):
        if shape is MouthShape.PP:
            first, last = max(int((at - _AROUND) / HOP), 0), int((end + _AROUND) / HOP)
            for column in range(first, min(last, columns)):
                closed[column] = closure(segments, column * HOP)
    return closed
