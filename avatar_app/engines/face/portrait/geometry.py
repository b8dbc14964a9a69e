"""Checks that landmarks form a plausible face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]

_LEAST = 16.0
"""Pixels: the least height and width of a face."""
_SLIMMEST = 0.25
"""Width in heights, and height in widths, of the slimmest face."""
_LARGEST = 2.0
"""Height and width of a face, in those of its portrait, at most."""
_NARROWEST = 0.02
"""In widths of the face: the least width of a group of landmarks, and the least height between the
forehead, the eyes, the nose, the lips and the chin."""
_UPRIGHT = frozenset({"nose_bridge"})
"""Groups that run downwards."""


def is_face(marks: dict[str, Points], width: int, height: int) -> bool:
    """Do the landmarks, by the names of GROUPS, make a face in a portrait of this size in pixels?

    Forehead, eyes, nose, lips and chin lie one below the other, and each group runs from left to
    right; a face that leans by up to 50 degrees passes.
    """
    forehead, chin = float(marks["forehead"][7, 1]), float(marks["jaw"][10, 1])
    eyes = (marks["right_eye_upper"][0, 1] + marks["left_eye_upper"][-1, 1]) / 2
    lips = marks["lips_outer_upper"][[0, -1], 1].mean()
    heights = [forehead, eyes, marks["nose_base"][2, 1], lips, chin]
    tall, wide = chin - forehead, float(np.ptp(marks["jaw"][:, 0]))
    return (
        bool((np.diff(heights) >= _NARROWEST * wide).all())
        and max(_LEAST, _SLIMMEST * wide) <= tall <= _LARGEST * height
        and max(_LEAST, _SLIMMEST * tall) <= wide <= _LARGEST * width
        and all(
            points[-1, 0] - points[0, 0] >= _NARROWEST * wide
            for name, points in marks.items()
            if name not in _UPRIGHT
        )
    )
