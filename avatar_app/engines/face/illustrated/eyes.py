"""Draws eyes and brows in every frame: lids, iris, lashes and highlights."""

from __future__ import annotations

import skia

from avatar_app.engines.face.animation.pose import Expression
from avatar_app.engines.face.illustrated.brush import (
    fade,
    fill,
    glow,
    inside,
    line,
    mix_colors,
    quill,
    tint,
)
from avatar_app.engines.face.illustrated.character import BrowStyle, EyeStyle

_WHITE = 0xFBF7F2
_WHITE_SHADE = 0xCBBFC0


def paint_eyes(canvas: skia.Canvas, style: EyeStyle, mood: Expression, blink: float) -> None:
    """Paint both eyes; `blink` is 0 for open and 1 for closed."""
    for side in (-1, 1):
        canvas.save()
        canvas.translate(side * style.center[0], style.center[1])
        canvas.scale(side, 1)
        _paint_eye(canvas, style, mood, blink, side)
        canvas.restore()


def _paint_eye(
    canvas: skia.Canvas, style: EyeStyle, mood: Expression, blink: float, side: int
) -> None:
    openness = max(0.0, (mood.lids + 0.24 * min(max(mood.gaze_y, -0.7), 0.5)) * (1 - blink))
    depth = style.depth * (1 - 0.32 * mood.smile)
    top = -style.height * openness + (1 - min(openness, 1)) * depth * 0.75
    lid = _arc(style, top, bulge=-0.12)
    if openness > 0.05:
        opening = skia.Path(lid)
        _back(opening, style, depth)
        with inside(canvas, opening):
            _paint_ball(canvas, style, mood, side, top)
    _paint_lids(canvas, style, top, depth, openness)


def _arc(style: EyeStyle, apex: float, bulge: float = 0.0) -> skia.Path:
    """Return the curve from the inner to the outer corner through `apex`."""
    w, rise = style.width, style.tilt / 2
    path = skia.Path()
    path.moveTo(-w, rise)
    path.cubicTo(-w * (0.62 + bulge), rise + apex * 1.28, w * 0.52, apex * 1.42 - rise, w, -rise)
    return path


def _back(path: skia.Path, style: EyeStyle, depth: float) -> None:
    w, rise = style.width, style.tilt / 2
    path.cubicTo(w * 0.55, depth * 1.45 - rise, -w * 0.5, depth * 1.25 + rise, -w, rise)
    path.close()


def _paint_ball(
    canvas: skia.Canvas, style: EyeStyle, mood: Expression, side: int, top: float
) -> None:
    w, r = style.width, style.iris
    white = [tint(mix_colors(_WHITE, _WHITE_SHADE, 0.10)), tint(_WHITE), tint(_WHITE_SHADE)]
    canvas.drawPaint(glow((0, 2), w * 1.15, white, [0, 0.5, 1]))
    canvas.drawCircle(-w * 0.93, style.tilt / 2 + 0.5, 3.0, fill(0xE8A79B, 0.8))
    x = side * mood.gaze_x * w * 0.34 - 0.6
    y = -0.14 * style.height + mood.gaze_y * -style.height * 0.30
    canvas.save()
    canvas.translate(x, y)
    _paint_iris(canvas, style, r, side)
    canvas.restore()
    dark = [tint(0x20131A, 0.62), tint(0x20131A, 0.16), tint(0x20131A, 0)]
    canvas.drawPaint(fade((0, top - 1), (0, top + style.height * 0.95), dark, [0, 0.5, 1]))


def _paint_iris(canvas: skia.Canvas, style: EyeStyle, r: float, side: int) -> None:
    rim, middle, inner = style.colors
    tones = [tint(inner), tint(middle), tint(rim), tint(mix_colors(rim, 0x000000, 0.55))]
    canvas.drawCircle(0, 0, r, glow((0, r * 0.28), r * 1.12, tones, [0.12, 0.5, 0.82, 1]))
    light = [tint(inner, 0.0), tint(inner, 0.75)]
    canvas.drawCircle(0, 0, r * 0.86, fade((0, -r * 0.1), (0, r), light))
    for k in range(-3, 4):
        ray = tint(mix_colors(inner, 0xFFFFFF, 0.25), 0.22)
        pen = skia.Paint(Color=ray, AntiAlias=True, StrokeWidth=0.5)
        canvas.drawLine(k * r * 0.10, r * 0.42, k * r * 0.2, r * 0.84, pen)
    canvas.drawCircle(0, 0, r * 0.47, fill(mix_colors(rim, 0x0B0508, 0.9)))
    canvas.drawCircle(-side * r * 0.34, -r * 0.38, r * 0.27, fill(0xFFFFFF, 0.96))
    canvas.drawCircle(side * r * 0.36, r * 0.42, r * 0.13, fill(0xFFFFFF, 0.62))


def _paint_lids(
    canvas: skia.Canvas, style: EyeStyle, top: float, depth: float, openness: float
) -> None:
    w, rise = style.width, style.tilt / 2
    shut = 1 - min(openness, 1.0)
    crease = style.height * (0.40 + 0.18 * shut) + 1.5
    fold = [
        (-w * 0.88, rise + min(top, 0) * 0.55 - crease * 0.42),
        (-w * 0.3, min(top, 0) - crease * 0.82),
        (w * 0.38, min(top, 0) - crease * 0.86 - rise * 0.5),
        (w * 1.02, -rise - crease * 0.62),
    ]
    canvas.drawPath(quill(fold, 2.0), fill(style.lid, 0.62 - 0.25 * shut))
    lower = [(-w * 0.7, rise + depth * 0.62), (0, depth * 1.03), (w * 0.7, depth * 0.62 - rise)]
    lower.append((w * 1.0, -rise + 0.4))
    canvas.drawPath(quill(lower, 1.5, 0.1, 0.8), fill(style.lash, 0.42 * (1 - shut) + 0.1))
    _paint_lashes(canvas, style, top)


def _paint_lashes(canvas: skia.Canvas, style: EyeStyle, top: float) -> None:
    """Paint the upper lid's dark edge: one closed stroke that thickens outwards and ends in a
    wing."""
    w, rise, b = style.width, style.tilt / 2, style.lash_width
    drop = style.wing * (0.55 if top < 0 else -0.5)
    path = skia.Path()
    path.moveTo(-w * 1.02, rise + 0.6)
    path.cubicTo(
        -w * 0.52, rise + top * 1.28 - b * 0.4, w * 0.5, top * 1.42 - rise - b, w, -rise - b * 0.5
    )
    path.quadTo(w + style.wing * 0.6, -rise - drop * 0.55, w + style.wing, -rise - drop)
    path.quadTo(w + style.wing * 0.4, -rise + 0.4, w * 0.98, -rise + 0.9)
    path.cubicTo(
        w * 0.52,
        top * 1.42 - rise + b * 0.55,
        -w * 0.5,
        rise + top * 1.28 + b * 0.1,
        -w * 1.02,
        rise + 0.6,
    )
    canvas.drawPath(path, fill(style.lash, 0.96))
    for k in range(3 if style.wing > 3 else 0):
        root = (w * (0.93 - 0.17 * k), -rise * (1 - 0.2 * k) + top * (0.14 + 0.24 * k) - b * 0.5)
        tip = (root[0] + style.wing * (0.78 - 0.16 * k), root[1] - drop * (0.85 + 0.12 * k))
        bend = ((root[0] + tip[0]) / 2 + 1.4, (root[1] + tip[1]) / 2 + 0.8)
        canvas.drawPath(quill([root, bend, tip], 1.7, 0.9, 0.05), fill(style.lash, 0.92))


def paint_brows(canvas: skia.Canvas, style: BrowStyle, mood: Expression) -> None:
    """Paint both brows: raised, drawn together or cocked."""
    for side in (-1, 1):
        canvas.save()
        canvas.scale(side, 1)
        _paint_brow(canvas, style, mood, side)
        canvas.restore()


def _paint_brow(canvas: skia.Canvas, style: BrowStyle, mood: Expression, side: int) -> None:
    lift = 7.0 * (mood.brows + side * mood.brow_cock)
    inner = 5.0 * mood.brow_inner
    shares = [1 - k / (len(style.points) - 1) for k in range(len(style.points))]
    points = [
        (x - 1.2 * max(-mood.brow_inner, 0) * s, y - lift * (0.75 + 0.25 * (1 - s)) - inner * s)
        for (x, y), s in zip(style.points, shares, strict=True)
    ]
    canvas.drawPath(quill(points, style.width * 1.3, 0.5, 0.05), fill(style.color, 0.22))
    canvas.drawPath(quill(points, style.width, 0.34, 0.04), fill(style.color, 0.74))
    pen = line(mix_colors(style.color, 0x000000, 0.3), 0.7, 0.16)
    for k in range(1, 9):
        t = k / 9 * (len(points) - 1)
        i, f = int(t), t - int(t)
        x = points[i][0] + (points[i + 1][0] - points[i][0]) * f
        y = points[i][1] + (points[i + 1][1] - points[i][1]) * f
        half = style.width * 0.40 * min(0.5 + 0.25 * k, 1.25 - 0.09 * k)
        canvas.drawLine(x - 1.2, y + half, x + 1.6 + 0.3 * k, y - half, pen)
