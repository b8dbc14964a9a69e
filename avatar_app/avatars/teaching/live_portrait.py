"""LivePortrait as a teacher."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avatar_app.core.generation import FaceMotion
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import Avatar
from avatar_app.engines.live_portrait.crop import portrait_crop
from avatar_app.engines.live_portrait.devices import CPU, usable_card
from avatar_app.engines.live_portrait.networks import Networks
from avatar_app.engines.live_portrait.puppet import Puppet


class LivePortraitTeacher:
    """Implements `watched.HeadTeacher`."""

    name = "live_portrait"

    def __init__(self, avatar: Avatar, model: Path, threads: int) -> None:
        """`model`: the folder of its ONNX files. Raises ModelMissing, InputInvalid or
        OutOfMemory."""
        networks = Networks(model, usable_card() or CPU, threads)
        crop = portrait_crop(avatar.mesh[:, :2].astype(np.float64))
        self._puppet = Puppet(networks, avatar.portrait, crop)

    def paint(self, motion: FaceMotion) -> Image:
        """See `HeadTeacher`."""
        return self._puppet.moved(motion)
