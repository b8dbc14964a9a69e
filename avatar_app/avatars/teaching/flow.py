"""How a head bends: measured from pictures, and undone."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from avatar_app.avatars.teaching.basis import Floats
from avatar_app.avatars.teaching.tiles import Groups
from avatar_app.core.values import Image
from avatar_app.engines.face.whole_head.head import GRID, SIDE, TILES, remapped

_REACH = 3.0
"""Cells of the grid from which a flow is taken over where there is none."""
_TINY = 1e-3
_STEPS = 4
"""Of the iteration that inverts a flow, each of which shrinks the error by its steepness."""


class FlowMeter:
    """Measures how the pixels of a portrait have moved: dense inverse search (Kroeger et al., "Fast
    Optical Flow using Dense Inverse Search", 2016). Eyes and mouth, which change and do not move,
    move with what surrounds them.
    """

    def __init__(self, still: Image, groups: Groups) -> None:
        self._still = _gray(still)
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        changing: Any = np.zeros((TILES, TILES), np.uint8)
        for tiles in groups:
            changing[tuple(tiles.T)] = 1
        changing = cv2.dilate(changing, np.ones((3, 3), np.uint8))
        size = (GRID, GRID)
        known = cv2.resize(1 - changing, size, interpolation=cv2.INTER_NEAREST)
        self._known = known.astype(np.float32)

    def flow(self, picture: Image) -> Floats:
        """Return how far from each place of the picture that lies in the portrait which is seen
        there, (GRID · GRID · 2,), x and y in pixels."""
        empty: Any = None
        ways = self._search.calc(_gray(picture), self._still, empty)
        cells = cv2.resize(ways, (GRID, GRID), interpolation=cv2.INTER_AREA)
        grid = np.asarray(cells, np.float32)
        near = self._spread(grid, _REACH)
        filled = np.where(self._known[..., None] > 0, grid, near)
        return np.asarray(filled, np.float32).reshape(-1)

    def _spread(self, grid: Floats, reach: float) -> Floats:
        """Return the mean of the known flow around each cell, by normalized convolution."""
        weight = cv2.GaussianBlur(self._known, (0, 0), reach) + _TINY**2
        sums = cv2.GaussianBlur(grid * self._known[..., None], (0, 0), reach)
        return np.asarray(sums / weight[..., None], np.float32)


class Unbender:
    """Undoes the bending by a flow."""

    def __init__(self) -> None:
        place = np.arange(SIDE, dtype=np.float32)
        self._places = np.stack(np.meshgrid(place, place), axis=-1)
        cell = (np.arange(GRID, dtype=np.float32) + 0.5) * (SIDE / GRID) - 0.5
        self._cells = np.stack(np.meshgrid(cell, cell), axis=-1)

    def unbent(self, picture: Image, flow: Floats) -> Image:
        """Return the picture as it was before, (SIDE, SIDE, 3)."""
        ways = cv2.resize(self._inverse(flow), (SIDE, SIDE))
        places = self._places + ways
        return np.asarray(remapped(picture, places, cv2.INTER_CUBIC), np.uint8)

    def _inverse(self, flow: Floats) -> Floats:
        """Return the flow that leads back: where it was measured is found by iteration."""
        grid = flow.reshape(GRID, GRID, 2)
        back = -grid
        for _ in range(_STEPS):
            at = (self._cells + back + 0.5) / (SIDE / GRID) - 0.5
            back = -remapped(grid, at)
        return np.asarray(back, np.float32)


def _gray(picture: Image) -> Image:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
