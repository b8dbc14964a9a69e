"""MuseTalk set up for one avatar: paints lips and blends them into the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy

import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face.lips.pose import LipPose
from avatar_app.engines.face.lips.scenes import LoopScene, Scene, StillScene, shown_with
from avatar_app.engines.face.lips.views import views_of
from avatar_app.engines.face.musetalk.crop import CROPPING
from avatar_app.engines.face.musetalk.hearing import EncodedWindows, Floats
from avatar_app.engines.face.musetalk.networks import Networks
from avatar_app.engines.face.portrait.avatar import Avatar
from avatar_app.engines.face.portrait.reel import Reel


class MuseTalkStage:
    """Implements `engines.face.lips.performing.Painting`."""

    def __init__(self, avatar: Avatar, networks: Networks, size: tuple[int, int]) -> None:
        """`size`: width and height of the picture. Raises InputInvalid if an idle loop is damaged,
        OutOfMemory if the networks do not fit."""
        views = views_of(avatar, CROPPING)
        self._avatar, self._networks = avatar, networks
        self._masks, self._boxes, self.region = views.masks, views.boxes, views.region
        self._latents = [networks.see(face) for face in views.faces]
        silence = networks.hear(np.zeros(16_000, np.float32))[:10]
        self.paint(silence.reshape(1, -1, silence.shape[-1]), [0])()
        self.set_size(size)

    def resized(self, size: tuple[int, int]) -> MuseTalkStage:
        """Return the same networks with a picture of another size."""
        stage = copy(self)
        stage.set_size(size)
        return stage

    def set_size(self, size: tuple[int, int]) -> None:
        """Render the picture at another size; not while one is shown."""
        idle = self._avatar.idle
        self.scene: Scene
        if idle is None:
            mask, box = self._masks[0], self._boxes[0]
            self.scene = StillScene(self._avatar, size, mask, self.region, box)
        else:
            reel = Reel(self._avatar, idle, *size)
            self.scene = LoopScene(reel, self._masks, self.region, self._boxes)

    def windows(self, fps: float, lead: float) -> EncodedWindows:
        """See `Painting`."""
        return EncodedWindows(self._networks.hear, fps, lead)

    def begin(self, sounds: Floats, clocks: Sequence[float]) -> Callable[[], list[Image]]:
        """See `Painting`."""
        idle, region = self._avatar.idle, self.region
        finish = self.paint(sounds, [idle.frame_at(at) if idle else 0 for at in clocks])
        rows, columns = slice(region.top, region.bottom), slice(region.left, region.right)
        return lambda: [np.ascontiguousarray(face[rows, columns]) for face in finish()]

    def paint(self, sounds: Floats, frames: Sequence[int]) -> Callable[[], Image]:
        """Start to paint whole crops, (n, 256, 256, 3); `frames`: of the idle loop."""
        latents = self._networks.stacked([self._latents[frame] for frame in frames])
        return self._networks.paint(latents, sounds)

    def picture(self, pose: LipPose, expressiveness: float) -> Image:
        """See `Painting`."""
        return shown_with(self.scene, self.region, pose, expressiveness)
