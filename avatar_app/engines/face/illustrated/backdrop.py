"""Backdrops of characters: a gradient, a glow and a few soft discs, for any size."""

from __future__ import annotations

import math

import numpy as np
import skia

from avatar_app.engines.face.illustrated.brush import fade, fill, glow, tint

BACKDROPS: dict[str, tuple[int, int, int, int]] = {
    # top, bottom, glow behind the head, discs
    "lagoon": (0x1B4450, 0x2E6B6C, 0x8FCBBE, 0xBFE6D4),
    "dusk": (0x2E2A52, 0x6C4468, 0xF0A58C, 0xFFD0A6),
    "sand": (0xB98A63, 0xDDB892, 0xFBEBD2, 0xFFF3DC),
    "meadow": (0x3F6B4A, 0x8FB573, 0xF1EFB4, 0xF8F6CE),
    "studio": (0x2B2F38, 0x454B57, 0x8D97A8, 0xB8C2D2),
}

PLAIN: dict[str, int] = {"light": 0xE9E7E3, "dark": 0x16191F, "green": 0x00B140}
"""Backdrops of one color; green is replaced by other pictures in films."""


def paint_backdrop(canvas: skia.Canvas, name: str, width: int, height: int) -> None:
    """Fill `canvas`, of `width` × `height` pixels, with the backdrop `name`."""
    if (plain := PLAIN.get(name)) is not None:
        canvas.drawPaint(fade((0, 0), (0, height), [tint(plain), tint(plain)]))
        return
    top, bottom, light, disc = BACKDROPS[name]
    span = max(width, height)
    canvas.drawPaint(fade((0, 0), (0, height), [tint(top), tint(bottom)]))
    center = (width * 0.46, height * 0.40)
    stops = [k / 8 for k in range(9)]
    colors = [tint(light, 0.85 * math.cos(stop * math.pi / 2) ** 2.2) for stop in stops]
    canvas.drawPaint(glow(center, span * 0.50, colors, stops))
    _discs(canvas, disc, width, height)
    shade = [tint(0x000000, 0), tint(0x000000, 0.32)]
    canvas.drawPaint(glow((width / 2, height * 0.45), span * 0.75, shade, [0.5, 1]))


def _discs(canvas: skia.Canvas, color: int, width: int, height: int) -> None:
    random = np.random.default_rng(11)
    span = max(width, height)
    for _ in range(16):
        x, y = random.uniform(0, width), random.uniform(0, height * 0.9)
        radius = span * random.uniform(0.012, 0.055)
        soft = radius * random.uniform(0.06, 0.35)
        canvas.drawCircle(x, y, radius, fill(color, random.uniform(0.03, 0.13), soft))
