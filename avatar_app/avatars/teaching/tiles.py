"""Where eyes and mouth are: the tiles that change as they move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image
from avatar_app.engines.face.whole_head.head import SIDE, TILE, TILES, Tiles, tiled
from avatar_app.engines.live_portrait.crop import Box

_VISIBLE = 2.0
"""Mean square, in levels, from which a tile has changed."""
_MOVING, _MARGIN = 6.0, 3
"""The same for what moves with the head, and tiles around it, for a soft edge."""


class Groups(NamedTuple):
    """The tiles of eyes, with brows, and of the mouth; none is in both."""

    eyes: Tiles
    mouth: Tiles


def eyes_and_mouth(
    still: Image, eyes: Sequence[Image], mouths: Sequence[Image], most: int
) -> Groups:
    """Return the tiles, at most `most` of each group.

    `still`: the portrait at rest; `eyes` and `mouths`: the same with other eyes, or mouths.
    """
    by_eyes, by_mouth = _changed(still, eyes), _changed(still, mouths)
    return Groups(
        _most(np.where(by_eyes > by_mouth, by_eyes, 0), most),
        _most(np.where(by_eyes > by_mouth, 0, by_mouth), most),
    )


def moving_box(still: Image, pictures: Iterable[Image]) -> Box:
    """Return where the pictures differ from the portrait at rest, with a margin."""
    squares = np.max([_changed(still, [each]) for each in pictures], axis=0)
    where = np.argwhere(squares > _MOVING)
    if not len(where):
        return 0, SIDE, 0, SIDE
    low = np.maximum(where.min(axis=0) - _MARGIN, 0) * TILE
    high = np.minimum(where.max(axis=0) + 1 + _MARGIN, TILES) * TILE
    return int(low[0]), int(high[0]), int(low[1]), int(high[1])


def _changed(still: Image, pictures: Sequence[Image]) -> NDArray[np.float64]:
    """Return the largest mean square of each tile's changes, (TILES, TILES)."""
    changes = [tiled(np.subtract(each, still, dtype=np.float32)) for each in pictures]
    squares = [np.square(each).mean(axis=(1, 3, 4)) for each in changes]
    return np.asarray(np.max(squares, axis=0), np.float64)


def _most(squares: NDArray[np.float64], most: int) -> Tiles:
    order = np.argsort(squares, axis=None)[::-1][:most]
    visible = order[squares.reshape(-1)[order] > _VISIBLE]
    chosen = np.sort(visible if len(visible) else order[:1])
    return np.stack(np.divmod(chosen, TILES), axis=1).astype(np.int64)
