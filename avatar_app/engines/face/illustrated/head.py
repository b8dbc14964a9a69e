"""Draws the common parts of all heads: shaded skin, nose, ears, neck."""

from __future__ import annotations

import skia

from avatar_app.engines.face.illustrated.brush import (
    Point,
    Points,
    blot,
    fade,
    fill,
    glow,
    inside,
    line,
    mirror_outline,
    mix_colors,
    smooth,
    stroke,
    tapered,
    tint,
)
from avatar_app.engines.face.illustrated.character import Skin


def paint_neck(canvas: skia.Canvas, outline: Points, skin: Skin, chin: float) -> None:
    """Paint neck and chest, with the shadow of the head."""
    shape = smooth(mirror_outline(outline))
    canvas.drawPath(
        shape,
        fade((-60, 0), (70, 0), [tint(skin.base), tint(mix_colors(skin.base, skin.shade, 0.9))]),
    )
    with inside(canvas, shape):
        canvas.drawOval(skia.Rect.MakeLTRB(-78, chin - 90, 84, chin + 34), fill(skin.deep, 0.62, 9))
        for side in (-1, 1):
            cord = [(side * 30, chin + 24), (side * 22, chin + 62), (side * 9, chin + 92)]
            canvas.drawPath(tapered(cord, 7), fill(skin.shade, 0.55, 3))
            bone = [(side * 12, chin + 98), (side * 48, chin + 90), (side * 96, chin + 84)]
            canvas.drawPath(tapered(bone, 6), fill(skin.shade, 0.6, 2.5))
            lit = [(x, y - 6) for x, y in bone]
            canvas.drawPath(tapered(lit, 5), fill(skin.light, 0.5, 2.5))
        blot(canvas, (0, chin + 98), (10, 9), skin.shade, 0.6)


def paint_ear(canvas: skia.Canvas, center: Point, skin: Skin, side: int, size: float = 1.0) -> None:
    """Paint an ear on the picture's right (`side` 1) or left (−1)."""
    canvas.save()
    canvas.translate(*center)
    canvas.scale(side * size, size)
    outline = [(-6, -24), (5, -31), (15, -27), (18, -12), (14, 6), (7, 22), (-2, 27), (-8, 20)]
    shape = smooth(outline)
    canvas.drawPath(shape, glow((0, -8), 34, [tint(skin.base), tint(skin.shade)]))
    with inside(canvas, shape):
        fold = [(-4, -18), (6, -23), (12, -14), (9, 0), (3, 10)]
        stroke(canvas, fold, line(skin.deep, 2.2, 0.5, 0.8))
        blot(canvas, (1, 0), (8, 14), skin.deep, 0.6)
        stroke(canvas, [(13, -24), (16, -10), (12, 5)], line(skin.light, 2, 0.5, 1))
    canvas.restore()


def paint_face(canvas: skia.Canvas, outline: Points, skin: Skin, warmth: float = 1.0) -> skia.Path:
    """Paint the face without eyes, brows and mouth; returns its outline."""
    shape = smooth(mirror_outline(outline))
    tones = [tint(skin.light), tint(skin.base), tint(mix_colors(skin.base, skin.shade, 0.75))]
    canvas.drawPath(shape, glow((-26, -16), 145, tones, [0, 0.46, 1]))
    with inside(canvas, shape):
        _model(canvas, shape, skin)
        for side, strength in ((-1, 1.0), (1, 0.9)):
            blot(canvas, (side * 52, 44), (34, 25), skin.blush, 0.5 * strength * warmth)
        blot(canvas, (0, 38), (22, 12), skin.blush, 0.26 * warmth)
        blot(canvas, (-48, 24), (26, 12), skin.light, 0.5)
        blot(canvas, (44, 25), (20, 10), skin.light, 0.3)
        blot(canvas, (-10, -58), (48, 30), skin.light, 0.5)
    return shape


def _model(canvas: skia.Canvas, shape: skia.Path, skin: Skin) -> None:
    """Paint the shading of the head: edges, eye sockets, chin."""
    canvas.drawPath(shape, line(skin.shade, 22, 0.55, 9))
    side = [(98, -70), (84, -10), (80, 30), (66, 72), (34, 112), (60, 140), (120, 90), (120, -60)]
    canvas.drawPath(smooth(side), fill(skin.shade, 0.65, 9))
    for s in (-1, 1):
        blot(canvas, (s * 38, -12), (38, 24), skin.shade, 0.55)
        blot(canvas, (s * 20, -6), (13, 20), skin.deep, 0.26)
    blot(canvas, (0, 103), (22, 14), skin.light, 0.5)
    blot(canvas, (0, 121), (40, 9), skin.shade, 0.6)
    canvas.drawPath(shape, line(mix_colors(skin.light, 0xFFFFFF, 0.3), 2.6, 0.16, 1.6))


def paint_nose(canvas: skia.Canvas, skin: Skin, tip: float = 44.0, width: float = 13.0) -> None:
    """Paint a small nose: light on its ridge, shade at its side and below."""
    ridge = [(9, -8), (8, 14), (11, tip - 12), (width, tip - 3)]
    canvas.drawPath(tapered(ridge, 8), fill(skin.shade, 0.55, 3.4))
    canvas.drawPath(tapered([(-2, -16), (-2, 8), (-1.5, tip - 10)], 7), fill(skin.light, 0.7, 2.6))
    blot(canvas, (0.5, tip - 5), (13, 11), skin.light, 0.55)
    blot(canvas, (1, tip + 8), (width + 5, 7), skin.deep, 0.42)
    under = [(-width * 0.85, tip + 2), (-5, tip + 5.5), (0, tip + 7), (5, tip + 5.5)]
    under.append((width * 0.85, tip + 2))
    canvas.drawPath(tapered(under, 3.4, 0.3, 0.3), fill(skin.deep, 0.5, 1.2))
    for side in (-1, 1):
        hole = [(side * 3.6, tip + 4.6), (side * 6.6, tip + 3.0), (side * 9.4, tip + 4.0)]
        canvas.drawPath(
            tapered(hole, 3.2, 0.2, 0.2), fill(mix_colors(skin.deep, 0x3A1712, 0.55), 0.72, 0.5)
        )
        wing = [
            (side * width, tip - 5),
            (side * (width + 2.2), tip),
            (side * width * 0.86, tip + 4),
        ]
        canvas.drawPath(tapered(wing, 2.2), fill(skin.deep, 0.45, 0.8))
    canvas.drawOval(skia.Rect.MakeLTRB(-5, tip - 9, 1, tip - 4), fill(0xFFFFFF, 0.42, 1.6))
