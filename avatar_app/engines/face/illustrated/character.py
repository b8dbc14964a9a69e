"""The definition of a character: how it is painted, and where its eyes, brows and mouth are
drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import skia

from avatar_app.engines.face.illustrated.brush import Point, Points

Painter = Callable[[skia.Canvas], None]


@dataclass(frozen=True, slots=True)
class Skin:
    """Colors of a skin, `0xRRGGBB`."""

    light: int
    base: int
    shade: int
    deep: int
    blush: int


@dataclass(frozen=True, slots=True)
class EyeStyle:
    """The shape of an eye; the picture's right eye is drawn, the left one is its mirror image."""

    center: Point
    width: float
    """Half the distance between the corners."""
    height: float
    """Height of the upper lid above the corners of the open eye."""
    depth: float
    """Depth of the lower lid below the corners."""
    tilt: float
    """Height of the outer corner above the inner one."""
    iris: float
    """Radius."""
    colors: tuple[int, int, int]
    """Rim, middle and inner light of the iris."""
    lash: int
    lash_width: float
    wing: float
    """How far the lashes reach beyond the outer corner."""
    lid: int
    """Color of the crease above the lid."""


@dataclass(frozen=True, slots=True)
class BrowStyle:
    """The shape of a brow: the picture's right one, from the nose outwards."""

    points: Points
    width: float
    color: int


@dataclass(frozen=True, slots=True)
class MouthStyle:
    """The shape of a mouth at rest."""

    center: Point
    width: float
    """Half the distance between the corners."""
    upper: float
    """Thickness of the upper lip."""
    lower: float
    """Thickness of the lower lip."""
    opening: float
    """Largest gap between the lips, for the viseme "aa"."""
    upper_color: int
    lower_color: int
    shine: int
    shade: int
    """Color of the line between the lips and of the corners."""
    smile: float
    """Height of the corners above the middle."""


@dataclass(frozen=True, slots=True)
class Character:
    """A character of the illustrated face."""

    backdrop: str
    """Name of the default backdrop."""
    skin: Skin
    eyes: EyeStyle
    brows: BrowStyle
    mouth: MouthStyle
    paint_figure: Painter
    """Paints everything behind eyes, brows and mouth: hair, body, clothes, head."""
    paint_fringe: Painter
    """Paints everything in front of them: the front of the hair, glasses."""
