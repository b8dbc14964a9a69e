"""An avatar's portrait that LivePortrait moves, in the picture of a conversation."""

from __future__ import annotations

from copy import copy

import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face.animation.face_motion import face_motion
from avatar_app.engines.face.animation.pose import Pose
from avatar_app.engines.face.portrait.avatar import Avatar
from avatar_app.engines.face.portrait.framing import framed
from avatar_app.engines.live_portrait.crop import Paster, portrait_crop
from avatar_app.engines.live_portrait.networks import Networks
from avatar_app.engines.live_portrait.puppet import Puppet

Size = tuple[int, int, float]


class LiveScene:
    """Implements `engines.face.animation.scene_face.PaintedScene`.

    The networks see the portrait in its own resolution; what they paint is put into the framed
    picture.
    """

    def __init__(self, avatar: Avatar, networks: Networks, size: Size) -> None:
        """`size`: width, height and zoom of the picture."""
        self._avatar = avatar
        self._mesh = avatar.mesh[:, :2].astype(np.float64)
        self._puppet = Puppet(networks, avatar.portrait, portrait_crop(self._mesh))
        self.set_size(size)

    def resized(self, size: Size) -> LiveScene:
        """Return the same portrait in a picture of another size."""
        scene = copy(self)
        scene.set_size(size)
        return scene

    def set_size(self, size: Size) -> None:
        """Render the picture at another size; not while one is shown."""
        still = framed(self._avatar, *size)
        scale, x, y = still.place
        self._paster = Paster(still.picture, portrait_crop(self._mesh * scale + [x, y]))

    def paint(self, pose: Pose) -> Image:
        """See `PaintedScene`."""
        return self._paster.paste(self._puppet.moved(face_motion(pose)))
