"""Renders one avatar at one size: a cached background, and the moving parts."""

from __future__ import annotations

import threading

import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face.animation.pose import Pose
from avatar_app.engines.face.photo.background import Background, with_background
from avatar_app.engines.face.photo.bending import Bending, head_of
from avatar_app.engines.face.photo.eyes import eyes_of
from avatar_app.engines.face.photo.mouth import Lips
from avatar_app.engines.face.portrait.avatar import Avatar
from avatar_app.engines.face.portrait.framing import framed


class Scene:
    """A stage of fixed size; `paint` may be called from any thread."""

    def __init__(
        self,
        avatar: Avatar,
        width: int,
        height: int,
        zoom: float = 1.0,
        background: Background = Background.OWN,
    ) -> None:
        still = framed(avatar, width, height, zoom)
        marks = still.marks
        self._still = with_background(still.picture, marks, background)
        self._still.flags.writeable = False
        self._bending = Bending(head_of(marks), width, height)
        self._eyes = eyes_of(self._still, marks)
        self._lips = Lips(self._still, marks)
        self._planes = [self._lips.plane, *(eye.plane for eye in self._eyes)]
        self._sheet: Image = self._still.copy()
        self._lock = threading.Lock()

    def paint(self, pose: Pose) -> Image:
        """The picture of `pose`, shape (height, width, 3), RGB."""
        with self._lock:
            for plane in self._planes:
                plane.cut(self._sheet)[:] = plane.cut(self._still)
            self._lips.show(self._sheet, pose)
            for eye in self._eyes:
                eye.show(self._sheet, pose)
            picture: Image = np.array(self._sheet)
            columns = self._bending.columns
            self._bending.bend(self._sheet[:, columns], pose, picture[:, columns])
        return picture
