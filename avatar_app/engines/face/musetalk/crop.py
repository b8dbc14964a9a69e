"""Where MuseTalk's crop of a face lies."""

from __future__ import annotations

import numpy as np

from avatar_app.engines.face.lips.blend import Box
from avatar_app.engines.face.lips.views import Cropping, Marks

SIDE = 256
_BELOW = 0.03
"""Margin below the chin, in heights of the crop: ten pixels of a face as large as in the videos
with which version 1.5 is published."""
_BRIDGE = 2 / 3
"""Where the crop's middle is, from the beginning of the nose's bridge to its tip: at the third of
four points."""


def box_of(marks: Marks) -> Box:
    """Return the box around the face, whose lower half begins on the bridge of the nose."""
    around = np.concatenate([marks["jaw"], marks["right_brow"], marks["left_brow"]])
    left, right = float(around[:, 0].min()), float(around[:, 0].max())
    chin = float(marks["jaw"][:, 1].max())
    bridge = marks["nose_bridge"][:, 1]
    top, tip = float(bridge.min()), float(bridge.max())
    half = top + _BRIDGE * (tip - top)
    reach = max(chin - half, 1.0)
    return left, half - reach, max(right, left + 1.0), chin + 2 * reach * _BELOW


CROPPING = Cropping(SIDE, box_of)
