"""Motion of a portrait: by parameters, or that of another face relative to its first frame.

Which point moves what was published with LivePortrait's editor: gaze by 11 and 15, lids by 11, 13,
15 and 16, brows by 1 and 2, a smile by 3, 7, 13, 14, 16, 17 and 20, lips by 14, 17, 19 and 20.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from avatar_app.core.generation import FaceMotion
from avatar_app.engines.live_portrait.keypoints import POINTS, Floats, Keypoints

Delta = tuple[int, int, float]
"""A point, an axis (0 x, 1 y, 2 z), and how far it moves."""

_LIDS: tuple[Delta, ...] = ((11, 1, 0.03), (13, 1, -0.009), (15, 1, 0.03), (16, 1, -0.009))
"""Closed, where the network for the eyes is missing."""
_GAZE_RIGHT: tuple[Delta, ...] = ((11, 0, 0.014), (15, 0, 0.02))
_GAZE_LEFT: tuple[Delta, ...] = ((11, 0, -0.02), (15, 0, -0.014))
_GAZE_UP: tuple[Delta, ...] = ((11, 1, -0.01), (13, 1, -0.003), (15, 1, -0.01), (16, 1, -0.003))
_BROWS_UP: tuple[Delta, ...] = ((1, 1, 0.02), (2, 1, -0.02))
_BROWS_DOWN: tuple[Delta, ...] = ((1, 0, -0.02), (2, 0, 0.02), (1, 1, 0.006), (2, 1, -0.006))
_SMILE: tuple[Delta, ...] = (
    (20, 1, -0.01), (14, 1, -0.02), (17, 1, 0.0065), (17, 2, 0.003),
    (13, 1, -0.00275), (16, 1, -0.00275), (3, 1, -0.0035), (7, 1, -0.0035),
)  # fmt: skip
_OPEN: tuple[Delta, ...] = ((19, 1, 0.08), (19, 2, 0.008), (17, 1, -0.008))
"""Where the network for the lips is missing."""
_SPREAD: tuple[Delta, ...] = ((20, 2, -0.012), (20, 1, -0.012), (14, 1, -0.012))
_ROUND: tuple[Delta, ...] = ((14, 1, 0.014), (3, 1, -0.007), (7, 1, -0.007), (17, 2, -0.007))


def moved(source: Keypoints, motion: FaceMotion, size: tuple[float, float]) -> Keypoints:
    """Return the keypoints of the portrait in motion, but for lids and lips, which `lids` and
    `lips` give.

    `size`: width and height of the face in the crop's space, in which the crop is 2 wide.
    """
    shift = np.array([motion.shift_x * size[0], motion.shift_y * size[1]], np.float32)
    expression = source.expression.copy()
    right, up = motion.gaze_x, motion.gaze_y
    _add(expression, _GAZE_RIGHT if right > 0 else _GAZE_LEFT, abs(right))
    _add(expression, _GAZE_UP, up)
    _add(expression, _BROWS_UP if motion.brows > 0 else _BROWS_DOWN, abs(motion.brows))
    _add(expression, _SMILE, motion.smile)
    _add(expression, _SPREAD if motion.mouth_width > 0 else _ROUND, abs(motion.mouth_width))
    turned = source.turned(-motion.yaw, motion.pitch, motion.roll)  # its yaw is positive leftwards
    return replace(
        turned,
        expression=expression,
        shift=source.shift + shift,
        scale=source.scale * (1 + motion.zoom),
    )


def lids(motion: FaceMotion) -> Floats:
    """Return how the points move that close the eyes, (21, 3)."""
    return _delta(_LIDS, motion.blink)


def lips(motion: FaceMotion) -> Floats:
    """Return how the points move that open the lips, (21, 3)."""
    return _delta(_OPEN, motion.mouth_open)


def followed(source: Keypoints, first: Keypoints, now: Keypoints) -> Floats:
    """Return the placed points, (21, 3), of the portrait that moves as another face does from its
    `first` frame to `now`."""
    target = replace(
        source,
        expression=source.expression + now.expression - first.expression,
        scale=source.scale * now.scale / first.scale,
        shift=source.shift + now.shift - first.shift,
    )
    turned = now.rotation @ first.rotation.T @ source.rotation
    return target.placed(np.asarray(turned, np.float32))


def weakened(motion: FaceMotion, strength: float) -> FaceMotion:
    """Return a share of a motion."""
    return FaceMotion(*(part * strength for part in motion))


def _delta(deltas: tuple[Delta, ...], share: float) -> Floats:
    points = np.zeros((POINTS, 3), np.float32)
    _add(points, deltas, share)
    return points


def _add(points: Floats, deltas: tuple[Delta, ...], share: float) -> None:
    for point, axis, far in deltas:
        points[point, axis] += far * share
