"""An avatar's portrait that its student moves, in the picture of a conversation."""

from __future__ import annotations

from copy import copy

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image
from avatar_app.engines.face.animation.face_motion import face_motion
from avatar_app.engines.face.animation.pose import Pose
from avatar_app.engines.face.portrait.avatar import Avatar
from avatar_app.engines.face.portrait.framing import framed
from avatar_app.engines.face.taught.digest import face_digest
from avatar_app.engines.face.whole_head.head import Head, motion_values
from avatar_app.engines.face.whole_head.head_file import MOTION, OUTPUTS, to_onnx
from avatar_app.engines.live_portrait.crop import Paster, portrait_crop
from avatar_app.engines.onnx_session import ErrorTexts, create_session, inference_errors

Size = tuple[int, int, float]
_TEXTS = ErrorTexts("the student", if_failed="Choose another face.")


class HeadScene:
    """Implements `engines.face.animation.scene_face.PaintedScene`."""

    def __init__(self, avatar: Avatar, head: Head, size: Size) -> None:
        """`size`: width, height and zoom of the picture. Raises InputInvalid if the student was
        taught another face."""
        if head.face != face_digest(avatar):
            raise InputInvalid(
                f"The avatar {avatar.name} has changed since its head was taught.",
                "Teach it again: avatar-app avatars teach NAME --teacher live_portrait",
            )
        self._avatar, self._bender, self._box = avatar, head.bender, head.box
        with inference_errors(_TEXTS):
            content = to_onnx(head).SerializeToString()
            self._session = create_session(content, has_fixed_shapes=False)
        self.set_size(size)

    def resized(self, size: Size) -> HeadScene:
        """Return the same head in a picture of another size."""
        scene = copy(self)
        scene.set_size(size)
        return scene

    def set_size(self, size: Size) -> None:
        """Render the picture at another size; not while one is shown."""
        still = framed(self._avatar, *size)
        scale, x, y = still.place
        mesh = self._avatar.mesh[:, :2].astype(np.float64)
        self._paster = Paster(still.picture, portrait_crop(mesh * scale + [x, y]), self._box)

    def paint(self, pose: Pose) -> Image:
        """See `PaintedScene`."""
        given = {MOTION: motion_values([face_motion(pose)])}
        with inference_errors(_TEXTS):
            parts = self._session.run(list(OUTPUTS), given)
        return self._paster.paste(self._bender.painted(*(part[0] for part in parts)))
