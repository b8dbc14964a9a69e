"""Pip: a young fox with amber eyes and a knitted scarf, for users who prefer no human."""

from __future__ import annotations

import math

import numpy as np
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
    strands,
    stroke,
    tapered,
    tint,
)
from avatar_app.engines.face.illustrated.character import (
    BrowStyle,
    Character,
    EyeStyle,
    MouthStyle,
    Skin,
)

SKIN = Skin(light=0xFFF8EC, base=0xFBE6CB, shade=0xD9AE86, deep=0xA8714F, blush=0xF29A80)
_FUR = (0x8F3D16, 0xC4601F, 0xE58233, 0xF7AC5C)  # deepest to highlight
_CREAM = (0xCFA27A, 0xF1D9BC, 0xFFF3E0)
_DARK = (0x23140F, 0x4A2B20)
_WOOL = (0x1F5F6B, 0x2F8A8F, 0x6CC2B8)

_HEAD = [
    (0, -108), (42, -105), (78, -86), (101, -48), (108, -6), (117, 26), (133, 44), (133, 44),
    (115, 52), (122, 72), (122, 72), (98, 78), (96, 94), (96, 94), (68, 98), (38, 116), (14, 124),
    (0, 125),
]  # fmt: skip
_EAR = [(28, -84), (40, -124), (66, -166), (90, -192), (100, -160), (106, -110), (98, -52)]
_EAR_INSIDE = [(46, -88), (56, -122), (72, -150), (87, -168), (92, -140), (94, -104), (86, -64)]
_MASK = [
    (0, 26), (9, 30), (15, 18), (22, 26), (36, 34), (60, 38), (84, 30), (104, 12), (124, 34),
    (140, 46), (124, 60), (130, 76), (104, 84), (100, 100), (68, 106), (30, 126), (0, 128),
]  # fmt: skip
_CHEST = [
    (0, 80), (70, 84), (82, 120), (84, 150), (104, 176), (142, 204), (168, 244), (180, 310),
    (184, 400), (186, 700), (188, 1100), (0, 1100),
]  # fmt: skip


def _paint_figure(canvas: skia.Canvas) -> None:
    _paint_body(canvas)
    for side in (-1, 1):
        _paint_ear(canvas, side)
    _paint_head(canvas)


def _paint_body(canvas: skia.Canvas) -> None:
    shape = smooth(mirror_outline(_CHEST))
    canvas.drawPath(shape, fade((-150, 140), (180, 380), [tint(c) for c in _FUR[:0:-1]]))
    with inside(canvas, shape):
        _paint_fur(canvas, (-190, 120, 190, 420), 900, _FUR, (0, -60), 13)
        bib = smooth(
            mirror_outline([(0, 130), (50, 150), (74, 220), (66, 320), (70, 600), (0, 1100)])
        )
        canvas.drawPath(bib, fill(_CREAM[1], 0.95, 9))
        canvas.drawPath(bib, fill(_CREAM[2], 0.5, 22))
        with inside(canvas, bib):
            _paint_fur(canvas, (-80, 170, 80, 420), 340, _CREAM, (0, 0), 15)
        rim = [(150, 206), (172, 248), (184, 320), (188, 460)]
        stroke(canvas, rim, line(0xFFE9B0, 7, 0.45, 4))
    _paint_scarf(canvas)


def _paint_scarf(canvas: skia.Canvas) -> None:
    canvas.save()
    canvas.translate(0, -24)
    tail = [
        (34, 190),
        (34, 190),
        (78, 182),
        (86, 240),
        (90, 318),
        (90, 318),
        (44, 324),
        (44, 324),
        (40, 250),
    ]
    _paint_wool(canvas, smooth(tail), (34, 0), (92, 0))
    for k in range(9):
        x = 47 + k * 5
        canvas.drawPath(
            tapered([(x, 318), (x + 1, 328), (x - 1, 340)], 3.4, 0.8), fill(_WOOL[k % 2])
        )
    band = [
        (-96, 132), (-90, 128), (-50, 158), (0, 168), (50, 158), (90, 128), (96, 132), (104, 160),
        (88, 186), (50, 206), (0, 214), (-50, 206), (-88, 186), (-104, 160),
    ]  # fmt: skip
    _paint_wool(canvas, smooth(band), (-100, 130), (110, 210))
    with inside(canvas, smooth(band)):
        canvas.drawOval(skia.Rect.MakeLTRB(-112, 90, 112, 172), fill(0x0E2A30, 0.5, 10))
    knot = [(30, 168), (58, 160), (80, 170), (84, 192), (66, 208), (40, 204), (28, 188)]
    _paint_wool(canvas, smooth(knot), (30, 160), (86, 210))
    canvas.restore()


def _paint_wool(canvas: skia.Canvas, shape: skia.Path, start: Point, end: Point) -> None:
    canvas.save()
    canvas.translate(1, 5)
    canvas.drawPath(shape, fill(0x3A1C0C, 0.4, 6))
    canvas.restore()
    canvas.drawPath(shape, fade(start, end, [tint(_WOOL[2]), tint(_WOOL[1]), tint(_WOOL[0])]))
    with inside(canvas, shape):
        for k in range(-20, 21):
            x = k * 5.4
            low = 214 - (x / 100) ** 2 * 50
            canvas.drawLine(x * 0.9, low - 56, x, low, line(_WOOL[0], 1.5, 0.4, 0.5))
            canvas.drawLine(x * 0.9 - 2, low - 56, x - 2, low, line(0xFFFFFF, 1.2, 0.13, 0.5))


def _paint_ear(canvas: skia.Canvas, side: int) -> None:
    canvas.save()
    canvas.scale(side, 1)
    shape = smooth(_EAR)
    canvas.drawPath(
        shape,
        fade(
            (70, -190),
            (70, -60),
            [tint(_DARK[0]), tint(_DARK[1]), tint(_FUR[1]), tint(_FUR[2])],
            [0, 0.26, 0.5, 1],
        ),
    )
    with inside(canvas, shape):
        well = smooth(_EAR_INSIDE)
        canvas.drawPath(well, fill(mix_colors(_FUR[0], _DARK[0], 0.5), 0.9, 3))
        canvas.drawPath(
            smooth([(x * 0.97 + 3, y + 10) for x, y in _EAR_INSIDE]), fill(0xE9A98C, 0.55, 7)
        )
        outer: Points = [(98, -52), (98, -92), (88, -132)]
        inner: Points = [(52, -72), (58, -96), (70, -122)]
        strands(canvas, outer, inner, 34, _CREAM[1:], width=6, alpha=0.8, seed=4, spread=4)
        canvas.drawPath(shape, line(0xFFE2B4 if side > 0 else _FUR[3], 5, 0.35, 3))
    canvas.restore()


def _paint_head(canvas: skia.Canvas) -> None:
    shape = smooth(mirror_outline(_HEAD))
    canvas.save()
    canvas.translate(3, 10)
    canvas.drawPath(shape, fill(0x4A2410, 0.5, 9))
    canvas.restore()
    tones = [tint(_FUR[3]), tint(_FUR[2]), tint(_FUR[1])]
    canvas.drawPath(shape, glow((-24, -30), 160, tones, [0, 0.42, 1]))
    with inside(canvas, shape):
        _paint_fur(canvas, (-112, -108, 112, 60), 1500, _FUR[1:], (0, 50), 10)
        mask = smooth(mirror_outline(_MASK))
        canvas.drawPath(mask, fill(_CREAM[1], 1.0, 3.5))
        blot(canvas, (-6, 70), (96, 56), _CREAM[2], 0.95)
        with inside(canvas, mask):
            _paint_fur(canvas, (-135, 24, 135, 124), 800, _CREAM, (0, 20), 11)
        _model(canvas, shape)
    _paint_cheek_tufts(canvas)
    _paint_muzzle(canvas)
    _paint_forelock(canvas)


def _model(canvas: skia.Canvas, shape: skia.Path) -> None:
    for s in (-1, 1):
        blot(canvas, (s * 41, 2), (37, 31), _FUR[0], 0.34)
        blot(canvas, (s * 66, 52), (30, 20), SKIN.blush, 0.45)
        blot(canvas, (s * 30, -46), (16, 11), _CREAM[2], 0.55)
    stroke(canvas, [(0, -96), (5, -50), (8, 0), (10, 32)], line(_FUR[3], 12, 0.4, 6))
    side = [(118, -60), (98, 0), (116, 50), (88, 92), (40, 122), (90, 150), (150, 90), (140, -40)]
    canvas.drawPath(smooth(side), fill(_FUR[0], 0.30, 9))
    canvas.drawPath(shape, line(_FUR[0], 10, 0.22, 6))
    rim = [(78, -87), (101, -48), (108, -6), (118, 24)]
    stroke(canvas, rim, line(0xFFE9B0, 6, 0.5, 3))


def _paint_cheek_tufts(canvas: skia.Canvas) -> None:
    for side in (-1, 1):
        outer = [(side * 92, 22), (side * 118, 40), (side * 142, 48)]
        inner = [(side * 62, 88), (side * 84, 98), (side * 96, 108)]
        strands(canvas, outer, inner, 40, _CREAM, width=7, alpha=0.9, seed=8 + side, spread=2.5)


def _paint_muzzle(canvas: skia.Canvas) -> None:
    blot(canvas, (0, 100), (46, 32), SKIN.shade, 0.30)
    blot(canvas, (0, 68), (42, 30), _CREAM[2], 0.9)
    blot(canvas, (1, 62), (22, 9), SKIN.deep, 0.40)
    canvas.drawPath(tapered([(0, 54), (0.4, 66), (0, 77)], 2.6, 0.6, 0.5), fill(_DARK[1], 0.75))
    nose = smooth(
        [(0, 32), (12, 33.5), (18.5, 40), (13, 50), (0, 57), (-13, 50), (-18.5, 40), (-12, 33.5)]
    )
    canvas.drawPath(nose, glow((-4, 38), 22, [tint(0x5B4038), tint(_DARK[0]), tint(0x150B08)]))
    canvas.drawOval(skia.Rect.MakeLTRB(-9, 34.5, 3, 39.5), fill(0xFFFFFF, 0.6, 1.4))
    for side in (-1, 1):
        canvas.drawOval(
            skia.Rect.MakeLTRB(side * 8 - 3, 44, side * 8 + 3, 48.5), fill(0x000000, 0.6, 0.8)
        )
        for x, y in ((24, 66), (31, 70), (27, 74), (35, 64)):
            canvas.drawCircle(side * x, y, 1.1, fill(_CREAM[0], 0.8, 0.3))


def _paint_forelock(canvas: skia.Canvas) -> None:
    left, right = [(-16, -70), (-24, -100), (-34, -118)], [(14, -70), (16, -102), (26, -122)]
    strands(canvas, left, right, 30, _FUR[1:], width=7, alpha=0.9, seed=3, spread=2)
    strands(canvas, left, right, 16, _FUR[2:], width=4, alpha=0.9, seed=5, spread=3)


def _paint_fur(
    canvas: skia.Canvas,
    box: tuple[float, float, float, float],
    count: int,
    colors: tuple[int, ...],
    whorl: Point,
    length: float,
) -> None:
    """Paint short hairs that point away from `whorl`."""
    random = np.random.default_rng(count)
    for _ in range(count):
        x, y = random.uniform(box[0], box[2]), random.uniform(box[1], box[3])
        angle = math.atan2(y - whorl[1], x - whorl[0]) + random.normal(0, 0.22)
        reach = length * random.uniform(0.6, 1.3)
        dx, dy = reach * math.cos(angle), reach * math.sin(angle)
        hair = [(x, y), (x + dx * 0.5 + dy * 0.06, y + dy * 0.5 - dx * 0.06), (x + dx, y + dy)]
        color = colors[random.integers(len(colors))]
        canvas.drawPath(tapered(hair, 1.9, 0.5), fill(color, random.uniform(0.08, 0.34)))


def _paint_fringe(canvas: skia.Canvas) -> None:
    """Paint the whiskers."""
    for side in (-1, 1):
        for y, drop in ((64, -8), (70, 2), (76, 12)):
            hair = [(side * 30, y), (side * 66, y - 3 + drop * 0.4), (side * 104, y + 2 + drop)]
            canvas.drawPath(tapered(hair, 1.5, 0.9, 0.1), fill(0xFFFDF6, 0.75))


PIP = Character(
    backdrop="meadow",
    skin=SKIN,
    eyes=EyeStyle(
        center=(42.0, 2),
        width=23.5,
        height=19.0,
        depth=13.0,
        tilt=5.0,
        iris=17.0,
        colors=(0x6B2F0C, 0xC97A1E, 0xFFD368),
        lash=0x2A150E,
        lash_width=4.6,
        wing=5.0,
        lid=0x8F3D16,
    ),
    brows=BrowStyle(
        points=((22, -48), (33, -50.5), (45, -49), (57, -42)),
        width=6.5,
        color=0x6B2F14,
    ),
    mouth=MouthStyle(
        center=(0, 82),
        width=27.0,
        upper=2.6,
        lower=4.6,
        opening=22.0,
        upper_color=0x8A5546,
        lower_color=0xC98A78,
        shine=0xF3C6B4,
        shade=0x3A1F18,
        smile=6.5,
    ),
    paint_figure=_paint_figure,
    paint_fringe=_paint_fringe,
)
