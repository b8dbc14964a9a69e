"""The scenes for painted lips: a breathing portrait, or an idle loop with a moving face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face.animation.idle_motion import breath
from avatar_app.engines.face.lips.blend import Blender, Box, blend_into
from avatar_app.engines.face.lips.mel import Floats
from avatar_app.engines.face.lips.pose import LipPose
from avatar_app.engines.face.lips.region import Region
from avatar_app.engines.face.portrait.avatar import Avatar
from avatar_app.engines.face.portrait.framing import framed
from avatar_app.engines.face.portrait.reel import Reel

_BREATH = 0.004
"""How much a breath enlarges the picture, around the middle of its lower edge."""
_STEPS = 8
"""Discrete steps of a breath: each enlarges by a third of a pixel, at 720 rows."""


class Scene(Protocol):
    """The picture at each moment, with lips blended in."""

    def shown(self, clock: float, depth: float, patch: Image | None, share: float) -> Image:
        """Return the picture at `clock`, in seconds since the face was created; the caller may
        modify it.

        `depth`: of the breath; `patch`: painted lips, and `share` their opacity.
        """


class StillScene:
    """A portrait."""

    def __init__(
        self,
        avatar: Avatar,
        size: tuple[int, int],
        mask: Floats,
        region: Region,
        box: Box | None = None,
    ) -> None:
        """`box`: of the crop, in pixels of the portrait; by default the avatar's face box."""
        still = framed(avatar, *size)
        scale, x, y = still.place
        x0, y0, x1, y1 = box or avatar.face_box
        self._box = (x0 * scale + x, y0 * scale + y, x1 * scale + x, y1 * scale + y)
        self._still, self._mask, self._region = still.picture, mask, region
        self._last: tuple[int, Blender] | None = None

    def shown(self, clock: float, depth: float, patch: Image | None, share: float) -> Image:
        return self.blender(round(_STEPS * breath(clock) * depth)).blend(patch, share)

    def blender(self, step: int) -> Blender:
        """Return the blender of one step of a breath.

        It is recomputed when the breath has moved on, some four times a second: all of them would
        take 30 MB.
        """
        if self._last is None or self._last[0] != step:
            picture, box = _breathed(self._still, self._box, 1 + _BREATH * step / _STEPS)
            self._last = step, Blender(picture, box, self._mask, self._region)
        return self._last[1]


class LoopScene:
    """The frames of an idle loop; the clock alone selects the frame."""

    def __init__(
        self, reel: Reel, masks: Floats, region: Region, boxes: Sequence[Box] = ()
    ) -> None:
        """`masks`: one for each frame, (n, side, side). `boxes`: those of the crops, in pixels of
        the loop's frames; by default its face boxes."""
        self.reel = reel
        self._boxes = boxes
        self._masks = masks[:, region.top : region.bottom, region.left : region.right]
        self._region = region

    def shown(self, clock: float, depth: float, patch: Image | None, share: float) -> Image:
        del depth  # the filmed person breathes
        index = self.reel.idle.frame_at(clock)
        picture = self.reel.picture(index)
        if patch is not None and share > 0:
            box = self.reel.placed(self._boxes[index]) if self._boxes else self.reel.box(index)
            blend_into(picture, box, self._masks[index], self._region, patch, share)
        return picture


def shown_with(scene: Scene, region: Region, pose: LipPose, depth: float) -> Image:
    """Return the picture of a pose; lips of another avatar's `region` are left out."""
    patch = pose.patch
    if patch is not None and patch.shape[:2] != region.shape:
        patch = None
    return scene.shown(pose.clock, depth, patch, pose.share)


def _breathed(picture: Image, box: Box, scale: float) -> tuple[Image, Box]:
    """Return a picture enlarged around the middle of its lower edge, and its face box."""
    height, width = picture.shape[:2]
    x, y = (1 - scale) * width / 2, (1 - scale) * height
    place = np.array([[scale, 0, x], [0, scale, y]])
    larger = cv2.warpAffine(picture, place, (width, height), borderMode=cv2.BORDER_REPLICATE)
    x0, y0, x1, y1 = box
    moved = (x0 * scale + x, y0 * scale + y, x1 * scale + x, y1 * scale + y)
    return np.asarray(larger, np.uint8), moved
