"""Moves a portrait as if it were printed on a plane: head motion alone, without expressions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import InputInvalid
from avatar_app.core.generation import AnimateRequest, FaceMotion, Frames
from avatar_app.core.jobs import Job
from avatar_app.core.values import VideoFrame

_DISTANCE = 2.5
"""Of the camera from the picture, in widths of it: perspective as of a portrait lens."""
_FACE = 0.4
"""Share of the picture's width that a face has, for shifts in faces."""
_GENTLE = 0.35
"""A flat picture that turns as far as a head would looks like a door."""


class PlaneAnimator:
    """A `core.generators.Animator` for motion by parameters."""

    def configure(self) -> None:
        """There are no options."""

    def animate(self, request: AnimateRequest, job: Job[Any]) -> Frames:
        import cv2

        if not request.motion:
            raise InputInvalid(
                "This engine cannot carry over the motion of a clip.",
                "Choose LivePortrait with the setting studio.animate.engine, or move the portrait "
                "by parameters.",
            )
        height, width = request.portrait.shape[:2]
        for index, motion in enumerate(request.motion):
            job.check()
            moved: Any = cv2.warpPerspective(
                request.portrait,
                _homography(motion, width, height),
                (width, height),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            yield VideoFrame(moved, index / request.fps)
            job.report((index + 1) / len(request.motion))

    def close(self) -> None:
        """Nothing to release."""


def _homography(motion: FaceMotion, width: int, height: int) -> NDArray[np.float64]:
    """Return the map from pixels of the portrait to pixels of the frame, shape (3, 3)."""
    yaw, pitch = (math.radians(angle * _GENTLE) for angle in (motion.yaw, motion.pitch))
    roll = math.radians(motion.roll)
    about_y = np.array(
        [[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]]
    )
    about_x = np.array(
        [[1, 0, 0], [0, math.cos(pitch), math.sin(pitch)], [0, -math.sin(pitch), math.cos(pitch)]]
    )
    about_z = np.array(
        [[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]]
    )
    turned = about_z @ about_x @ about_y
    focus = _DISTANCE * width
    plane = np.column_stack([turned[:, 0], turned[:, 1], [0, 0, focus / (1 + motion.zoom)]])
    middle = np.array([[1, 0, -(width - 1) / 2], [0, 1, -(height - 1) / 2], [0, 0, 1.0]])
    shift = (motion.shift_x * _FACE * width, motion.shift_y * _FACE * width)
    camera = np.array(
        [
            [focus, 0, (width - 1) / 2 + shift[0]],
            [0, focus, (height - 1) / 2 + shift[1]],
            [0, 0, 1],
        ]
    )
    return np.asarray(camera @ plane @ middle, np.float64)
