"""Checks that landmarks form a plausible face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]

_LEAST = 16.0
"""Smallest height and width of a face, in pixels."""
_SLIMMEST = 0.25
"""Smallest ratio of a face's shorter to its longer side."""
_LARGEST = 2.0
"""Largest ratio of a face's sides to those of its portrait."""
_NARROWEST = 0.02
"""Smallest width of a group of landmarks, and smallest distance between forehead, eyes, nose, lips
and chin, as a share of the face's width."""
_UPRIGHT = frozenset({"nose_bridge"})
"""Groups that run from top to bottom."""


def is_face(marks: dict[str, Points], width: int, height: int) -> bool:
    """Return whether the landmarks form a plausible face in a portrait of this size in pixels.

    Forehead, eyes, nose, lips and chin lie one below the other, and each group runs from left to
    right; a head tilted by up to 50 degrees passes.
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
