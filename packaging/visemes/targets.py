"""What the network is to say of each hundredth of a second, from a track of mouth shapes."""

from __future__ import annotations

import numpy as np
from phones import Track

from avatar_app.core.values import MouthShape
from avatar_app.engines.face.acting.spectrum import HOP
from avatar_app.engines.face.acting.visemes import SHAPES, Segment, closure

CLASSES = tuple(MouthShape)
_FINE = 4
"""Steps per column in which a track is read."""
_REACH = 0.06
"""Seconds to either side over which neighbours share the mouth: a raised cosine."""


def targets_of(track: Track, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Class of each column, int64 (n,); opening and closure as on a face, float32 (n, 2)."""
    segments = [Segment(at, shape) for at, shape in track]
    starts = np.array([segment.start for segment in segments])
    numbers = np.array([CLASSES.index(segment.shape) for segment in segments])
    fine = np.arange(columns * _FINE) * HOP / _FINE
    place = np.searchsorted(starts, fine, "right") - 1
    classes = np.where(place < 0, CLASSES.index(MouthShape.SIL), numbers[np.maximum(place, 0)])
    openings = np.array([SHAPES[shape].opening for shape in CLASSES])[classes]
    half = round(_REACH / HOP * _FINE)
    window = np.hanning(2 * half + 1)
    padded = np.pad(openings, half, mode="edge")
    smooth = np.convolve(padded, window / window.sum(), "valid")[::_FINE]
    closed = np.zeros(columns)
    for at, shape in track:
        if shape is MouthShape.PP:
            first, last = max(int((at - 0.08) / HOP), 0), min(int((at + 0.4) / HOP), columns)
            for column in range(first, last):
                closed[column] = closure(segments, column * HOP)
    curves = np.stack([smooth * (1 - closed), closed], axis=1)
    return classes[::_FINE].astype(np.int64), curves.astype(np.float32)
