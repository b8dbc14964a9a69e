"""The network set up for one avatar: paints lips, matches colors and blends them in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face.animation.pose import Pose
from avatar_app.engines.face.portrait.avatar import Avatar
from avatar_app.engines.face.portrait.reel import Reel
from avatar_app.engines.face.wav2lip.blend import tint
from avatar_app.engines.face.wav2lip.lips import LipPainter
from avatar_app.engines.face.wav2lip.mel import BANDS, SILENCE
from avatar_app.engines.face.wav2lip.network import WINDOW_COLUMNS, Arrays
from avatar_app.engines.face.wav2lip.runtime import Choice, Floats
from avatar_app.engines.face.wav2lip.scenes import LoopScene, Scene, StillScene
from avatar_app.engines.face.wav2lip.views import Views, views_of

_TINTED = 4
"""Number of frames of a loop that determine the color match; one match for all frames avoids
flicker."""


@dataclass(frozen=True, slots=True)
class LipPose(Pose):
    """A pose with painted lips, from which other faces can continue.

    The pose's clock also selects the frame of an idle loop.
    """

    patch: Image | None = None
    """The last painted lips: uint8, (rows, columns, 3), RGB."""
    share: float = 0.0
    """Opacity of the lips: 0 shows the portrait's mouth."""

    @property
    def mouth_open(self) -> float:
        """Return how far the lips follow the voice, 0 to 1, which cannot be measured in the
        picture."""
        return self.share


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

    def begin(self, mels: Floats, clocks: Sequence[float]) -> Callable[[], list[Image]]:
        """Start to paint lips for each of `mels` (n, 80, 16), at most the painter's batch.

        The returned function waits for them: uint8, (rows, columns, 3), RGB. `clocks`: the times at
        which each is shown, in seconds since the face was created.
        """
        idle = self._avatar.idle
        finish = self.painter.begin(mels, [idle.frame_at(at) if idle else 0 for at in clocks])

        def painted() -> list[Image]:
            lips = finish() + self._tint
            return list(np.rint(np.clip(lips, 0, 1) * 255).astype(np.uint8))

        return painted

    def picture(self, pose: LipPose, expressiveness: float) -> Image:
        """Return the whole picture."""
        patch = pose.patch
        if patch is not None and patch.shape[:2] != self.painter.region.shape:
            patch = None  # another avatar's lips
        return self.scene.shown(pose.clock, expressiveness, patch, pose.share)


def _tint(painter: LipPainter, views: Views) -> Floats:
    """Return the color offset that matches the painted lips to the face."""
    silent = np.full((1, BANDS, WINDOW_COLUMNS), SILENCE, np.float32)
    step = -(-len(views.faces) // _TINTED)
    tints = [
        tint(painter.paint(silent, [k])[0], views.faces[k], views.masks[k], painter.region)
        for k in range(0, len(views.faces), step)
    ]
    return np.asarray(np.mean(tints, axis=0), np.float32)
