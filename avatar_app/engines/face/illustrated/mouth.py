"""Draws the mouth in every frame: lips, teeth, tongue and the dark interior."""

from __future__ import annotations

from dataclasses import dataclass

import skia

from avatar_app.engines.face.animation.pose import Mouth
from avatar_app.engines.face.illustrated.brush import (
    blot,
    fade,
    fill,
    inside,
    mix_colors,
    quill,
    tint,
)
from avatar_app.engines.face.illustrated.character import MouthStyle, Skin

_TOOTH = 0xFAF4EC
_GUM_SHADE = 0xB79A94
_CAVE = (0x5A1A20, 0x2A0B10)
_TONGUE = 0xC9606A


@dataclass(frozen=True, slots=True)
class _Lips:
    """The geometry of the lips, in the character's units."""

    x: float
    width: float
    corner: float
    """y of the corners."""
    top: float
    """y of the upper lip's inner edge at its middle."""
    bottom: float
    """y of the lower lip's inner edge at its middle."""
    upper: float
    lower: float
    curl: float
    """How far the corners curl in a smile, 0 to 1."""

    @property
    def gap(self) -> float:
        return self.bottom - self.top

    @property
    def closeness(self) -> float:
        """Return 1 for closed lips, 0 for lips that are well apart."""
        return max(0.0, 1 - self.gap / 5)


def _lips(style: MouthStyle, mouth: Mouth, smile: float) -> _Lips:
    x, y = style.center
    gap = style.opening * mouth.opening
    width = style.width * (1 + 0.15 * mouth.width - 0.36 * mouth.rounding + 0.07 * smile)
    rise = style.smile + 3.0 * smile + 1.2 * max(mouth.width, 0)
    rise *= (1 - 0.8 * mouth.rounding) * (1 - 0.35 * mouth.opening)
    above = 0.20 + 0.10 * mouth.rounding
    roll = 1 - 0.42 * mouth.press
    return _Lips(
        x=x,
        width=width * (1 - 0.06 * mouth.opening),
        corner=y - rise + (0.26 + 0.15 * mouth.rounding) * gap,
        top=y - above * gap - 1.5 * mouth.tuck,
        bottom=y + (1 - above) * gap - 1.5 * mouth.tuck - 0.6 * mouth.press,
        upper=style.upper * roll * (1 + 0.16 * mouth.rounding - 0.24 * mouth.opening),
        lower=style.lower * roll * (1 + 0.14 * mouth.rounding - 0.38 * mouth.tuck),
        curl=smile * (1 - mouth.rounding) * (1 - 0.6 * mouth.opening),
    )


def paint_mouth(
    canvas: skia.Canvas, style: MouthStyle, skin: Skin, mouth: Mouth, smile: float
) -> None:
    """Paint the mouth of a pose."""
    lips = _lips(style, mouth, smile)
    low = lips.bottom + lips.lower
    blot(canvas, (lips.x, low + 5.0), (lips.width * 0.62, 6.5), skin.deep, 0.46)
    for side in (-1, 1):
        corner = (lips.x + side * (lips.width + 1.5), lips.corner + 0.6)
        blot(canvas, corner, (6.5, 5.0), skin.deep, 0.42)
    _paint_lower_lip(canvas, style, lips)
    if lips.gap > 0.3:
        _paint_inside(canvas, lips, mouth)
    _paint_upper_lip(canvas, style, lips)
    _paint_line(canvas, style, lips)


def _upper_outline(path: skia.Path, lips: _Lips) -> None:
    """Add the upper lip's outer edge, from the left corner to the right one."""
    x, w, t = lips.x, lips.width, lips.top - lips.upper
    dip = lips.top - lips.upper * 0.70
    path.moveTo(x - w, lips.corner)
    near = lips.corner + (t - lips.corner) * 0.30
    path.cubicTo(x - w * 0.74, near, x - w * 0.46, t + 0.3, x - w * 0.21, t)
    path.cubicTo(x - w * 0.12, t, x - w * 0.07, dip, x, dip)
    path.cubicTo(x + w * 0.07, dip, x + w * 0.12, t, x + w * 0.21, t)
    path.cubicTo(x + w * 0.46, t + 0.3, x + w * 0.74, near, x + w, lips.corner)


def _inner_upper(path: skia.Path, lips: _Lips, *, start: bool) -> None:
    """Add the upper lip's inner edge, from the left corner (`start`) or back to it."""
    x, w, c, t = lips.x, lips.width, lips.corner, lips.top
    bend = t + (c - t) * (0.12 + 0.40 * lips.closeness)
    if start:
        path.moveTo(x - w, c)
        path.cubicTo(x - w * 0.80, bend, x - w * 0.38, t - 0.7, x, t + 0.7)
        path.cubicTo(x + w * 0.38, t - 0.7, x + w * 0.80, bend, x + w, c)
    else:
        path.cubicTo(x + w * 0.80, bend, x + w * 0.38, t - 0.7, x, t + 0.7)
        path.cubicTo(x - w * 0.38, t - 0.7, x - w * 0.80, bend, x - w, c)
        path.close()


def _inner_lower(path: skia.Path, lips: _Lips) -> None:
    """Add the lower lip's inner edge, from the right corner to the left one."""
    x, w, c, b = lips.x, lips.width, lips.corner, lips.bottom
    bend = b - (b - c) * 0.10 + min(c - b, 0) * 0.04
    path.cubicTo(x + w * 0.86, bend, x + w * 0.52, b + 0.5, x, b + 0.7)
    path.cubicTo(x - w * 0.52, b + 0.5, x - w * 0.86, bend, x - w, c)


def _paint_lower_lip(canvas: skia.Canvas, style: MouthStyle, lips: _Lips) -> None:
    x, w, c = lips.x, lips.width, lips.corner
    low = lips.bottom + lips.lower
    side = c + (low - c) * 0.58
    path = skia.Path()
    _inner_upper(path, lips, start=True)
    path.cubicTo(x + w * 0.90, side, x + w * 0.56, low, x, low)
    path.cubicTo(x - w * 0.56, low, x - w * 0.90, side, x - w, c)
    path.close()
    tones = [
        tint(mix_colors(style.lower_color, style.shade, 0.35)),
        tint(style.lower_color),
        tint(mix_colors(style.lower_color, style.upper_color, 0.55)),
    ]
    canvas.drawPath(path, fade((0, lips.bottom - 1), (0, low), tones, [0, 0.42, 1]))
    with inside(canvas, path):
        mid = lips.bottom + lips.lower * 0.46
        size = (w * 0.42, lips.lower * 0.36)
        blot(canvas, (x - w * 0.12, mid), size, style.shine, 0.75)
        blot(canvas, (x - w * 0.2, mid - 0.4), (w * 0.16, lips.lower * 0.16), 0xFFFFFF, 0.5)


def _paint_upper_lip(canvas: skia.Canvas, style: MouthStyle, lips: _Lips) -> None:
    path = skia.Path()
    _upper_outline(path, lips)
    _inner_upper(path, lips, start=False)
    tones = [
        tint(mix_colors(style.upper_color, style.lower_color, 0.45)),
        tint(mix_colors(style.upper_color, style.shade, 0.22)),
    ]
    canvas.drawPath(path, fade((0, lips.top - lips.upper), (0, lips.top + 0.8), tones))
    edge = lips.top - lips.upper
    for side in (-1, 1):
        bow = [
            (lips.x + side * lips.width * k, edge + d)
            for k, d in ((0.05, 1.6), (0.2, -0.9), (0.45, 0.5))
        ]
        canvas.drawPath(quill(bow, 1.4), fill(style.shine, 0.34, 0.5))


def _paint_line(canvas: skia.Canvas, style: MouthStyle, lips: _Lips) -> None:
    """Paint the dark line along the upper lip's inner edge: all that is visible of a closed mouth's
    interior."""
    x, w, c, t = lips.x, lips.width, lips.corner, lips.top
    near = t + (c - t) * 0.46
    points = [
        (x - w * (1.02 + 0.10 * lips.curl), c - 0.3 - 3.4 * lips.curl),
        (x - w * 0.96, c - 0.1),
        (x - w * 0.6, near - 0.4),
        (x - w * 0.25, t - 0.1),
        (x, t + 0.7),
    ]
    points += [(2 * x - px, py) for px, py in reversed(points[:-1])]
    closeness = lips.closeness
    shape = quill(points, 1.5 + 0.6 * closeness, 0.3, 0.3)
    canvas.drawPath(shape, fill(style.shade, 0.55 + 0.35 * closeness))


def _paint_inside(canvas: skia.Canvas, lips: _Lips, mouth: Mouth) -> None:
    path = skia.Path()
    _inner_upper(path, lips, start=True)
    _inner_lower(path, lips)
    path.close()
    dark = [tint(_CAVE[1]), tint(_CAVE[0]), tint(mix_colors(_CAVE[0], _TONGUE, 0.25))]
    with inside(canvas, path):
        canvas.drawPaint(fade((0, lips.top), (0, lips.bottom + 1), dark, [0, 0.6, 1]))
        if mouth.tongue > mouth.tip:
            _paint_tongue(canvas, lips, mouth.tongue)
        _paint_lower_teeth(canvas, lips, mouth.lower_teeth)
        _paint_upper_teeth(canvas, lips, mouth.upper_teeth)
        if mouth.tip > 0.04:
            _paint_tip(canvas, lips, mouth.tip)
        shade = [tint(0x24080C, 0.6), tint(0x24080C, 0)]
        canvas.drawPaint(fade((0, lips.top - 0.5), (0, lips.top + 5.5), shade))


def _paint_upper_teeth(canvas: skia.Canvas, lips: _Lips, shown: float) -> None:
    height = 9.5 * shown
    if height < 0.4:
        return
    x, w = lips.x, min(lips.width * 0.80, 24.0)
    low = lips.top + height
    path = skia.Path()
    path.moveTo(x - w, lips.top - 8)
    path.cubicTo(x - w, low - 2.5, x - w * 0.55, low, x, low)
    path.cubicTo(x + w * 0.55, low, x + w, low - 2.5, x + w, lips.top - 8)
    path.close()
    tones = [tint(_GUM_SHADE), tint(_TOOTH), tint(_TOOTH), tint(_GUM_SHADE)]
    canvas.drawPath(path, fade((x - w, 0), (x + w, 0), tones, [0, 0.26, 0.74, 1]))
    pen = skia.Paint(Color=tint(0xA88C86, 0.28), AntiAlias=True, StrokeWidth=0.6)
    for k in (-2.05, -1.0, 0.0, 1.0, 2.05):
        canvas.drawLine(x + k * w * 0.30, lips.top - 2, x + k * w * 0.30, low - 0.8, pen)


def _paint_lower_teeth(canvas: skia.Canvas, lips: _Lips, shown: float) -> None:
    height = 5.5 * shown
    if height < 0.4:
        return
    x, w = lips.x, min(lips.width * 0.66, 19.0)
    high = lips.bottom - height
    path = skia.Path()
    path.moveTo(x - w, lips.bottom + 6)
    path.cubicTo(x - w, high + 1.5, x - w * 0.5, high, x, high)
    path.cubicTo(x + w * 0.5, high, x + w, high + 1.5, x + w, lips.bottom + 6)
    path.close()
    tones = [tint(_GUM_SHADE), tint(mix_colors(_TOOTH, _GUM_SHADE, 0.25)), tint(_GUM_SHADE)]
    canvas.drawPath(path, fade((x - w, 0), (x + w, 0), tones, [0, 0.5, 1]))


def _paint_tongue(canvas: skia.Canvas, lips: _Lips, raised: float) -> None:
    """Paint the tongue. `raised`: 0 at the floor of the mouth, 1 at the upper teeth."""
    x, w = lips.x, lips.width * 0.62
    top = lips.bottom + 3.0 - (lips.gap * 0.42 + 2.5) - raised * lips.gap * 0.38
    box = skia.Rect.MakeLTRB(x - w, top, x + w, lips.bottom + 16)
    tones = [
        tint(mix_colors(_TONGUE, 0xFFFFFF, 0.14)),
        tint(_TONGUE),
        tint(mix_colors(_TONGUE, _CAVE[0], 0.55)),
    ]
    canvas.drawOval(box, fade((0, top), (0, lips.bottom + 8), tones, [0, 0.35, 1]))
    groove = [(x, top + 2.0), (x, lips.bottom + 3)]
    canvas.drawPath(quill(groove, 1.6), fill(mix_colors(_TONGUE, _CAVE[0], 0.6), 0.4))


def _paint_tip(canvas: skia.Canvas, lips: _Lips, shown: float) -> None:
    """Paint the tongue's tip between the teeth."""
    x, w = lips.x, lips.width * 0.5
    top = lips.bottom - shown * min(lips.gap * 0.62, 6.0)
    tones = [tint(mix_colors(_TONGUE, 0xFFFFFF, 0.22)), tint(_TONGUE)]
    canvas.drawOval(
        skia.Rect.MakeLTRB(x - w, top, x + w, top + 15), fade((0, top), (0, top + 7), tones)
    )
