"""One avatar on one picture: lips are painted, tinted, blended, and the picture breathes."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import cv2
import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face.acting.life import breath
from avatar_app.engines.face.acting.pose import Pose
from avatar_app.engines.face.sitter.avatar import Avatar
from avatar_app.engines.face.sitter.framing import framed
from avatar_app.engines.face.wav2lip.blend import Blender, Box, lip_mask, shown_region, tint
from avatar_app.engines.face.wav2lip.lips import LipPainter
from avatar_app.engines.face.wav2lip.mel import BANDS, SILENCE
from avatar_app.engines.face.wav2lip.network import MASKED_FROM, SIDE, WINDOW_COLUMNS, Arrays
from avatar_app.engines.face.wav2lip.region import Region
from avatar_app.engines.face.wav2lip.runtime import Choice, Floats

_BREATH = 0.004
"""How much a breath enlarges the picture, about the middle of its lower edge."""
_STEPS = 8
"""Pictures that a breath consists of: each a third of a pixel larger, at 720 rows."""
_ABOVE, _BELOW, _BESIDE = 3, 7, 12
"""Pixels, of 96, that are painted above the nose's base, below the chin and beside the mouth."""
_LEAST = 20
"""Pixels, of 96, that are painted even if the landmarks are odd."""


@dataclass(frozen=True, slots=True)
class LipPose(Pose):
    """A moment of this face: a pose that other faces can go on from, and the lips."""

    patch: Image | None = None
    """The last painted lips: uint8, (rows, columns, 3), RGB."""
    share: float = 0.0
    """How much of them is shown: 0 is the mouth of the portrait."""

    @property
    def mouth_open(self) -> float:
        """How far the lips follow the voice, 0 to 1: the picture itself does not tell."""
        return self.share


class Stage:
    """The network set up for an avatar, and the still picture of it."""

    def __init__(
        self, avatar: Avatar, state: Arrays, choice: Choice, batch: int, size: tuple[int, int]
    ) -> None:
        """`size`: width and height of the picture."""
        face = _face(avatar)
        self._mask = lip_mask(avatar.face_mask, _room(avatar))
        region = shown_region(self._mask)
        self.painter = LipPainter(state, face, region, choice, batch)
        silent = np.full((1, BANDS, WINDOW_COLUMNS), SILENCE, np.float32)
        self._tint = tint(self.painter.paint(silent)[0], face, self._mask, region)
        self._avatar = avatar
        self.set_size(size)

    def resized(self, size: tuple[int, int]) -> Stage:
        """The same network before a picture of another size."""
        stage = copy(self)
        stage.set_size(size)
        return stage

    def set_size(self, size: tuple[int, int]) -> None:
        """Make the picture; not while one is shown."""
        still = framed(self._avatar, *size)
        scale, x, y = still.place
        x0, y0, x1, y1 = self._avatar.face_box
        self._box = (x0 * scale + x, y0 * scale + y, x1 * scale + x, y1 * scale + y)
        self._still = still.picture
        self._blenders: dict[int, Blender] = {}

    def paint(self, mels: Floats) -> list[Image]:
        """Lips for each of `mels` (n, 80, 16): uint8, (rows, columns, 3), RGB."""
        painted = []
        for begin in range(0, len(mels), self.painter.batch):
            lips = self.painter.paint(mels[begin : begin + self.painter.batch]) + self._tint
            painted += list(np.rint(np.clip(lips, 0, 1) * 255).astype(np.uint8))
        return painted

    def picture(self, pose: LipPose, expressiveness: float) -> Image:
        """The whole picture."""
        step = round(_STEPS * breath(pose.clock) * expressiveness)
        patch = pose.patch
        if patch is not None and patch.shape[:2] != self.painter.region.shape:
            patch = None  # another avatar's lips
        return self._blender(step).blend(patch, pose.share)

    def _blender(self, step: int) -> Blender:
        """The picture at one moment of a breath; each is made once."""
        if step not in self._blenders:
            picture, box = _breathed(self._still, self._box, 1 + _BREATH * step / _STEPS)
            self._blenders[step] = Blender(picture, box, self._mask, self.painter.region)
        return self._blenders[step]


def _face(avatar: Avatar) -> Image:
    """The face as the network wants it: uint8, (96, 96, 3)."""
    x0, y0, x1, y1 = avatar.face_box
    cut = avatar.portrait[y0:y1, x0:x1]
    return np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _room(avatar: Avatar) -> Region:
    """From the nose to below the chin, and beside the mouth: what moves when somebody speaks.

    A smaller room is a faster one, and less of the portrait's own skin is painted over.
    """
    x0, y0, x1, y1 = avatar.face_box
    scale = np.array([SIDE / (x1 - x0), SIDE / (y1 - y0)])
    placed = {name: (points - [x0, y0]) * scale for name, points in avatar.landmarks.items()}
    lips = np.concatenate([placed["lips_outer_upper"], placed["lips_outer_lower"]])
    nose, chin = placed["nose_base"][:, 1].max(), placed["jaw"][:, 1].max()
    return Region(
        top=_clipped(nose - _ABOVE, MASKED_FROM, SIDE - _LEAST),
        bottom=_clipped(chin + _BELOW, MASKED_FROM + _LEAST, SIDE),
        left=_clipped(lips[:, 0].min() - _BESIDE, 0, SIDE // 2 - _LEAST),
        right=_clipped(lips[:, 0].max() + _BESIDE, SIDE // 2 + _LEAST, SIDE),
    )


def _clipped(place: float, least: int, most: int) -> int:
    return int(np.clip(round(place), least, most))


def _breathed(picture: Image, box: Box, scale: float) -> tuple[Image, Box]:
    """A picture enlarged about the middle of its lower edge, and where the face's box went."""
    height, width = picture.shape[:2]
    x, y = (1 - scale) * width / 2, (1 - scale) * height
    place = np.array([[scale, 0, x], [0, scale, y]])
    larger = cv2.warpAffine(picture, place, (width, height), borderMode=cv2.BORDER_REPLICATE)
    x0, y0, x1, y1 = box
    moved = (x0 * scale + x, y0 * scale + y, x1 * scale + x, y1 * scale + y)
    return np.asarray(larger, np.uint8), moved
