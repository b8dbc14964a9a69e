"""What a student of the whole head has learned, and how it paints.

The picture is the teacher's portrait at rest with new eyes and a new mouth in some of its tiles,
bent by a flow as the head moves, and softly corrected everywhere. Flow, eyes, mouth and correction
are mixtures of few patterns, whose coefficients are functions of the motion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.core.generation import FaceMotion
from avatar_app.core.values import Image
from avatar_app.engines.face.taught.mixture import Floats, Mixture
from avatar_app.engines.live_portrait.crop import WHOLE, Box

SIDE = 512
"""Of the crop that LivePortrait paints."""
GRID, SOFT, TILE = 64, 64, 16
"""Sides of the flow, of the soft correction, and of a tile."""
TILES = SIDE // TILE
CHANNELS = 3
FLOW_VALUES, SOFT_VALUES, TILE_VALUES = 2 * GRID**2, CHANNELS * SOFT**2, CHANNELS * TILE**2
Tiles = NDArray[np.int64]
"""(tiles, 2): row and column of each, in tiles."""
_GRAY = 128
"""The byte of a level that changes nothing."""
_PARTS = (
    "yaw", "pitch", "roll", "zoom", "gaze_x", "gaze_y", "blink", "brows", "smile", "mouth_open",
    "mouth_width",
)  # fmt: skip
MOTIONS = len(_PARTS)
FEATURES = (MOTIONS + 1) ** 2
"""Products of the motions with each other, and with one."""


def motion_values(motions: Sequence[FaceMotion]) -> Floats:
    """Return (n, MOTIONS): what of the motions the animation layer gives."""
    return np.array([[getattr(each, part) for part in _PARTS] for each in motions], np.float32)


class Parts(NamedTuple):
    """The mixtures of a head."""

    flow: Mixture
    """To (GRID, GRID, 2): how far from a pixel that lies which is shown there, x and y."""
    eyes: Mixture
    mouth: Mixture
    """To (tiles, TILE, TILE, 3), levels that are added to the portrait at rest."""
    soft: Mixture
    """To (SOFT, SOFT, 3), levels that are added to the bent picture."""


@dataclass(frozen=True, eq=False)
class Head:
    """A network that paints the head of one avatar, and the portrait that it bends."""

    still: Image
    """(SIDE, SIDE, 3): the teacher's portrait at rest."""
    scale: Floats
    """(MOTIONS, MOTIONS + 1): what the motions are multiplied by before their products."""
    shift: Floats
    """(MOTIONS + 1,): what is added then; the last column is always 1."""
    parts: Parts
    eye_tiles: Tiles
    mouth_tiles: Tiles
    box: Box
    """Where anything moves, with a margin."""
    face: str
    """`face_digest` of its avatar."""
    teacher: str
    """Name of the engine that taught it."""
    psnr: float = 0.0
    """dB: how close it came to its teacher, in motions that it was not taught with."""

    @property
    def parameters(self) -> int:
        return sum(part.parameters for part in self.parts)

    @property
    def flop(self) -> int:
        """Floating-point operations for one picture: those of the network, and 40 for each pixel
        that is bent and corrected."""
        return 2 * self.parameters + 40 * SIDE**2

    @cached_property
    def bender(self) -> Bender:
        return Bender(self.still, self.eye_tiles, self.mouth_tiles, box=self.box)

    def features(self, motions: Floats) -> Floats:
        """Return (n, FEATURES) for motions (n, MOTIONS)."""
        return features(motions, self.scale, self.shift)

    def painted(self, motion: FaceMotion) -> Image:
        """Return the crop in motion, (SIDE, SIDE, 3)."""
        given = self.features(motion_values([motion]))
        return self.bender.painted(*(part.values(given)[0] for part in self.parts))

    def judged(self, psnr: float) -> Head:
        """Return the same network with its distance to the teacher."""
        return replace(self, psnr=psnr)


def features(motions: Floats, scale: Floats, shift: Floats) -> Floats:
    """Return the products of scaled motions, (n, FEATURES)."""
    known = motions @ scale + shift
    return np.asarray((known[:, :, None] * known[:, None, :]).reshape(len(known), FEATURES))


class Bender:
    """Gives one portrait new eyes and a new mouth, bends and corrects it."""

    def __init__(self, still: Image, *tiles: Tiles, box: Box = WHOLE) -> None:
        """`box`: where anything moves; what lies outside stays as it is."""
        self._still, self._tiles = still, tiles
        self._part = slice(box[0], box[1]), slice(box[2], box[3])
        place = np.arange(SIDE, dtype=np.float32)
        self._places = np.stack(np.meshgrid(place, place), axis=-1)[self._part].copy()

    def painted(self, flow: Floats, eyes: Floats, mouth: Floats, soft: Floats) -> Image:
        """Return the whole picture."""
        picture = self._still.copy()
        moving = self.bent(self.renewed(eyes, mouth), flow)
        picture[self._part] = self.softened(moving, soft)
        return picture

    def renewed(self, *levels: Floats) -> Image:
        """Return the portrait with levels, (tiles · TILE_VALUES,), added in each group of tiles."""
        picture = self._still.copy()
        blocks = tiled(picture)
        for (rows, columns), some in zip((each.T for each in self._tiles), levels, strict=True):
            sums = blocks[rows, :, columns] + some.reshape(-1, TILE, TILE, CHANNELS)
            np.clip(np.rint(sums, out=sums), 0, 255, out=sums)
            blocks[rows, :, columns] = sums
        return picture

    def bent(self, picture: Image, flow: Floats) -> Image:
        """Return what moves of a picture, bent by a flow, (FLOW_VALUES,)."""
        ways = cv2.resize(flow.reshape(GRID, GRID, 2), (SIDE, SIDE))[self._part]
        return np.asarray(remapped(picture, cv2.add(ways, self._places)), np.uint8)

    def softened(self, moving: Image, soft: Floats) -> Image:
        """Add levels, (SOFT_VALUES,), to what moves, and return it."""
        levels = np.clip(np.rint(soft.reshape(SOFT, SOFT, CHANNELS)) + _GRAY, 0, 2 * _GRAY - 1)
        some = cv2.resize(levels.astype(np.uint8), (SIDE, SIDE))[self._part]
        return np.asarray(cv2.addWeighted(moving, 1, some, 1, -_GRAY), np.uint8)


def remapped(picture: NDArray[Any], places: Any, how: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    """Return what is at `places`, (rows, columns, 2), of a picture; its edges go on outside."""
    second: Any = None  # x and y are in one array
    found = cv2.remap(picture, places, second, how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found)


def tiled(picture: NDArray[Any]) -> NDArray[Any]:
    """Return a view of (SIDE, SIDE, 3) as (TILES, TILE, TILES, TILE, 3)."""
    return picture.reshape(TILES, TILE, TILES, TILE, CHANNELS)
