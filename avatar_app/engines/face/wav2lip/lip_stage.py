"""The network set up for one avatar: paints lips, matches colors and blends them in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy

import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face.lips.blend import tint
from avatar_app.engines.face.lips.mel import BANDS, SILENCE, WINDOW_COLUMNS
from avatar_app.engines.face.lips.pose import LipPose
from avatar_app.engines.face.lips.scenes import LoopScene, Scene, StillScene, shown_with
from avatar_app.engines.face.lips.views import Views, views_of
from avatar_app.engines.face.lips.windows import WindowStream
from avatar_app.engines.face.portrait.avatar import Avatar
from avatar_app.engines.face.portrait.reel import Reel
from avatar_app.engines.face.wav2lip.lips import LipPainter
from avatar_app.engines.face.wav2lip.network import Arrays
from avatar_app.engines.face.wav2lip.runtime import Choice, Floats

_TINTED = 4
"""Number of frames of a loop that determine the color match; one match for all frames avoids
flicker."""


class LipStage:
    """The network for one avatar, and its picture."""

    def __init__(
        self, avatar: Avatar, state: Arrays, choice: Choice, batch: int, size: tuple[int, int]
    ) -> None:
        """`size`: width and height of the picture. Raises InputInvalid if an idle loop is
        damaged."""
        views = views_of(avatar)
        self.painter = LipPainter(state, views.faces, views.region, choice, batch)
        self._tint = _tint(self.painter, views)
        self._avatar, self._masks = avatar, views.masks
        self.set_size(size)

    def resized(self, size: tuple[int, int]) -> LipStage:
        """Return the same network with a picture of another size."""
        stage = copy(self)
        stage.set_size(size)
        return stage

    def set_size(self, size: tuple[int, int]) -> None:
        """Render the picture at another size; not while one is shown."""
        region, idle = self.painter.region, self._avatar.idle
        self.scene: Scene
        if idle is None:
            self.scene = StillScene(self._avatar, size, self._masks[0], region)
        else:
            self.scene = LoopScene(Reel(self._avatar, idle, *size), self._masks, region)

    def windows(self, fps: float, lead: float) -> WindowStream:
        """See `Painting`."""
        return WindowStream(fps, lead)

    def begin(self, sounds: Floats, clocks: Sequence[float]) -> Callable[[], list[Image]]:
        """See `Painting`."""
        idle = self._avatar.idle
        finish = self.painter.begin(sounds, [idle.frame_at(at) if idle else 0 for at in clocks])

        def painted() -> list[Image]:
            lips = finish() + self._tint
            return list(np.rint(np.clip(lips, 0, 1) * 255).astype(np.uint8))

        return painted

    def picture(self, pose: LipPose, expressiveness: float) -> Image:
        """See `Painting`."""
        return shown_with(self.scene, self.painter.region, pose, expressiveness)


def _tint(painter: LipPainter, views: Views) -> Floats:
    """Return the color offset that matches the painted lips to the face."""
    silent = np.full((1, BANDS, WINDOW_COLUMNS), SILENCE, np.float32)
    step = -(-len(views.faces) // _TINTED)
    tints = [
        tint(painter.paint(silent, [k])[0], views.faces[k], views.masks[k], painter.region)
        for k in range(0, len(views.faces), step)
    ]
    return np.asarray(np.mean(tints, axis=0), np.float32)
