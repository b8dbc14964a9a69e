"""A portrait that LivePortrait has seen, and can move by parameters."""

from __future__ import annotations

from avatar_app.core.generation import FaceMotion
from avatar_app.core.values import Image
from avatar_app.engines.live_portrait.crop import FaceCrop
from avatar_app.engines.live_portrait.keypoints import Floats, Keypoints
from avatar_app.engines.live_portrait.motion import followed, lids, lips, moved
from avatar_app.engines.live_portrait.networks import EYES, LIPS, Networks

_WIDEST = 0.5
"""Height by width of lips that are open as far as they go."""


class Puppet:
    """What is known of a portrait before it moves. The networks may be shared."""

    def __init__(self, networks: Networks, portrait: Image, crop: FaceCrop) -> None:
        small = crop.cut(portrait)
        self._networks, self._crop = networks, crop
        self._keypoints = networks.motion(small)
        self._feature = networks.appearance(small)
        self._placed = self._keypoints.placed()

    def moved(self, motion: FaceMotion) -> Image:
        """Return the crop in motion, (512, 512, 3)."""
        points = moved(self._keypoints, motion, self._crop.size).placed()
        return self._picture(points + self._lids(motion) + self._lips(motion))

    def following(self, first: Keypoints, now: Keypoints) -> Image:
        """Return the crop, (512, 512, 3), that moves as another face has since its `first`
        frame."""
        return self._picture(followed(self._keypoints, first, now))

    def _picture(self, points: Floats) -> Image:
        target = self._networks.stitched(self._placed, points)
        return self._networks.picture(self._feature, self._placed, target)

    def _lids(self, motion: FaceMotion) -> Floats:
        """Return the points' way to closed eyes: by the network that knows the portrait's own."""
        eyes = self._crop.eyes
        if not motion.blink or not self._networks.has(EYES):
            return lids(motion)
        target = sum(eyes) / 2 * (1 - min(motion.blink, 1.0))
        return self._networks.retargeted(EYES, self._placed, [*eyes, target])

    def _lips(self, motion: FaceMotion) -> Floats:
        now = self._crop.lips
        if not motion.mouth_open or not self._networks.has(LIPS):
            return lips(motion)
        target = now + max(_WIDEST - now, 0.0) * motion.mouth_open
        return self._networks.retargeted(LIPS, self._placed, [now, target])
