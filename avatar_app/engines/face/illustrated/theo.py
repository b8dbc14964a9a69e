"""Theo: black curls, a short beard, round glasses, a denim shirt; calm and curious."""

from __future__ import annotations

import math

import numpy as np
import skia

from avatar_app.engines.face.illustrated.brush import (
    Point,
    Points,
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
from avatar_app.engines.face.illustrated.character import (
    BrowStyle,
    Character,
    EyeStyle,
    MouthStyle,
    Skin,
)
from avatar_app.engines.face.illustrated.head import paint_ear, paint_face, paint_neck, paint_nose

SKIN = Skin(light=0xD79F76, base=0xB57A53, shade=0x864F34, deep=0x54291B, blush=0xC2583F)
_HAIR = (0x120C0E, 0x231719, 0x3B2826, 0x5E4138)  # deepest to highlight
_DENIM = (0x5C7FA3, 0x3D5C80, 0x26405F)
_TEE = (0xF4EFE6, 0xD6CCBE, 0xA79B8C)
_RIM = 0xFFC79A

_FACE = [
    (0, -122), (46, -114), (74, -88), (85, -46), (86, -6), (84, 28), (79, 60), (66, 88),
    (45, 110), (20, 121), (0, 123),
]  # fmt: skip
_NECK = [
    (0, 60), (46, 66), (47, 120), (52, 142), (74, 160), (104, 174), (104, 210), (80, 250), (0, 290),
]  # fmt: skip
_HAIRLINE = [
    (0, -76), (26, -79), (50, -78), (68, -66), (76, -40), (80, -14), (82, 4), (90, -2), (93, -40),
    (90, -84), (70, -112), (36, -122), (0, -126),
]  # fmt: skip
_BEARD = [
    (0, 100), (15, 100), (27, 94), (37, 80), (32, 70.5), (14, 69), (2, 69.5), (2, 62),
    (18, 58.5), (42, 60), (62, 50), (75, 22), (80, -4), (90, -8), (90, 40), (82, 78), (58, 112),
    (28, 128), (0, 130),
]  # fmt: skip


def _paint_figure(canvas: skia.Canvas) -> None:
    paint_neck(canvas, _NECK, SKIN, 120)
    _paint_clothes(canvas)
    for side in (-1, 1):
        paint_ear(canvas, (side * 87, 8), SKIN, side, 1.05)
    shape = paint_face(canvas, _FACE, SKIN, warmth=0.42)
    with inside(canvas, shape):
        stroke(canvas, [(86, -40), (85, 10), (79, 62), (58, 98)], line(_RIM, 6, 0.4, 4))
        canvas.drawPath(
            smooth(
                [(-90, -60), (-50, -66), (0, -66), (50, -66), (90, -60), (90, -130), (-90, -130)]
            ),
            fill(SKIN.deep, 0.8, 6),
        )
    _paint_fade(canvas, shape)
    _paint_beard(canvas, shape)
    paint_nose(canvas, SKIN, tip=45, width=16.5)
    _paint_curls(canvas)


def _paint_fade(canvas: skia.Canvas, face: skia.Path) -> None:
    """Paint the short sides of the hair, which thin out toward the ears."""
    shape = smooth(mirror_outline(_HAIRLINE))
    paint = fade(
        (0, -90), (0, 8), [tint(_HAIR[0]), tint(_HAIR[0], 0.9), tint(_HAIR[1], 0.25)], [0, 0.5, 1]
    )
    paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 2.0))
    with inside(canvas, face):
        canvas.drawPath(shape, paint)


def _paint_beard(canvas: skia.Canvas, face: skia.Path) -> None:
    shape = smooth(mirror_outline(_BEARD))
    with inside(canvas, face):
        canvas.drawPath(shape, fill(_HAIR[0], 0.42, 4.5))
        canvas.drawPath(shape, fill(_HAIR[0], 0.22, 1.5))
        for side in (-1, 1):
            half = [
                (side * 0.5, 66.5),
                (side * 16, 64),
                (side * 33, 68),
                (side * 43, 80),
                (side * 45, 96),
            ]
            canvas.drawPath(tapered(half, 9.5, 0.75, 0.5), fill(_HAIR[0], 0.36, 2.2))
    random = np.random.default_rng(8)
    for _ in range(3400):
        x, y = random.uniform(-92, 92), random.uniform(-8, 130)
        if shape.contains(x, y) and face.contains(x * 1.01, y * 1.005):
            _paint_bristle(canvas, (x, y), random)


def _paint_bristle(canvas: skia.Canvas, root: Point, random: np.random.Generator) -> None:
    x, y = root
    out = math.copysign(0.8 + abs(x) / 60, x)
    pen = line(_HAIR[random.integers(0, 4)], random.uniform(0.5, 1.0), random.uniform(0.15, 0.5))
    canvas.drawLine(x, y, x + out, y + random.uniform(1.5, 3.6), pen)


def _paint_curls(canvas: skia.Canvas) -> None:
    """Paint the curls: dark ones first, those in front and in the light last."""
    random = np.random.default_rng(21)
    mass = smooth(
        mirror_outline(
            [
                (0, -150),
                (40, -149),
                (76, -132),
                (95, -102),
                (95, -74),
                (82, -62),
                (70, -72),
                (40, -84),
                (0, -80),
            ]
        )
    )
    canvas.drawPath(mass, fill(_HAIR[0], 1.0, 4))
    curls = [(random.uniform(-94, 94), random.uniform(-150, -62)) for _ in range(420)]
    inner = [c for c in curls if mass.contains(*c)]
    for x, y in sorted(inner, key=lambda c: -abs(c[1] + 90) - abs(c[0]) * 0.2):
        _paint_curl(canvas, (x, y), random)


def _paint_curl(canvas: skia.Canvas, center: Point, random: np.random.Generator) -> None:
    x, y = center
    radius = random.uniform(6.0, 11.5)
    lit = min(max(0.75 - (x + 40) / 210 - (y + 130) / 150, 0.08), 1.0)
    core = mix_colors(_HAIR[0], _HAIR[1], random.uniform(0, 1))
    edge = mix_colors(_HAIR[1], _HAIR[3], lit * random.uniform(0.4, 1.1))
    tones = [tint(core), tint(edge), tint(_HAIR[0])]
    canvas.drawCircle(x, y, radius, glow((x + 1, y + 2), radius, tones, [0.2, 0.75, 1]))
    start = random.uniform(0, math.tau)
    spiral = []
    for k in range(9):
        turn, r = start + k * 0.62, radius * (0.92 - 0.075 * k)
        spiral.append((x + r * math.cos(turn), y + r * math.sin(turn)))
    light = mix_colors(_HAIR[3], 0xD8A582, 0.75 * lit)
    canvas.drawPath(tapered(spiral, 2.0), fill(light, 0.18 + 0.5 * lit))


def _paint_clothes(canvas: skia.Canvas) -> None:
    tee: Points = [
        (0, 206), (30, 199), (53, 178), (62, 152), (62, 152), (96, 180), (108, 260), (110, 400),
        (110, 700), (110, 1100), (0, 1100),
    ]  # fmt: skip
    shape = smooth(mirror_outline(tee))
    canvas.drawPath(shape, fill(SKIN.deep, 0.6, 6))
    canvas.drawPath(shape, fade((-80, 180), (90, 320), [tint(c) for c in _TEE]))
    band = [(-62, 153), (-53, 179), (-30, 200), (0, 207), (30, 200), (53, 179), (62, 153)]
    stroke(canvas, [(x, y + 2) for x, y in band], line(_TEE[0], 8))
    stroke(canvas, [(x, y + 7) for x, y in band], line(_TEE[2], 1.4, 0.7, 0.6))
    for side in (-1, 1):
        crease = [(side * 20, 226), (side * 34, 262), (side * 30, 330)]
        canvas.drawPath(tapered(crease, 9), fill(_TEE[2], 0.35, 5))
        _paint_shirt(canvas, side)


def _paint_shirt(canvas: skia.Canvas, side: int) -> None:
    """Paint one half of the open shirt and its collar."""
    canvas.save()
    canvas.scale(side, 1)
    half = [
        (58, 168), (58, 168), (80, 166), (124, 180), (178, 204), (210, 244), (226, 310),
        (232, 400), (236, 620), (240, 1100), (240, 1100), (62, 1100), (62, 1100), (58, 620),
        (58, 420), (66, 300), (74, 230),
    ]  # fmt: skip
    shape = smooth(half)
    canvas.drawPath(shape, fill(0x2B2018, 0.35, 7))
    light = _DENIM if side < 0 else (_DENIM[1], mix_colors(_DENIM[1], _DENIM[2], 0.6), _DENIM[2])
    canvas.drawPath(shape, fade((60, 170), (190, 420), [tint(c) for c in light]))
    with inside(canvas, shape):
        for fold in ([(150, 262), (158, 330), (152, 420)], [(96, 250), (112, 310), (100, 400)]):
            canvas.drawPath(tapered(fold, 15), fill(_DENIM[2], 0.75, 6))
            canvas.drawPath(tapered([(x - 12, y) for x, y in fold], 9), fill(0x8FB0CF, 0.3, 5))
        seam = [(118, 178), (150, 232), (158, 300)]
        stroke(canvas, seam, line(0xC9A26B, 1.2, 0.45))
        stroke(
            canvas,
            [(120, 178), (178, 202), (214, 246), (234, 340)],
            line(_RIM if side > 0 else 0xBBD6EE, 6, 0.45, 3),
        )
        stroke(canvas, [(70, 300), (60, 420), (66, 560)], line(0xC9A26B, 1.2, 0.5))
    _paint_collar(canvas, side)
    canvas.restore()


def _paint_collar(canvas: skia.Canvas, side: int) -> None:
    flap = [
        (52, 136), (52, 136), (66, 150), (104, 172), (126, 190), (126, 190), (112, 222),
        (84, 250), (84, 250), (66, 214), (54, 176),
    ]  # fmt: skip
    shape = smooth(flap, tension=0.8)
    canvas.save()
    canvas.translate(2, 5)
    canvas.drawPath(shape, fill(0x101C2B, 0.5, 5))
    canvas.restore()
    tones = [tint(0x7C9DBE), tint(_DENIM[1])] if side < 0 else [tint(0x557699), tint(_DENIM[2])]
    canvas.drawPath(shape, fade((60, 150), (110, 240), tones))
    stitched = [(60, 160), (72, 208), (86, 240), (108, 216), (119, 193)]
    canvas.drawPath(smooth(stitched, closed=False, tension=0.7), line(0xD9B57E, 1.1, 0.6))


def _paint_fringe(canvas: skia.Canvas) -> None:
    """Paint the glasses."""
    for side in (-1, 1):
        lens = skia.Rect.MakeLTRB(side * 41 - 32, -25, side * 41 + 32, 34)
        round_ = skia.RRect.MakeRectXY(lens, 29, 28)
        glass = fade(
            (lens.left(), -25),
            (lens.right(), 34),
            [tint(0xFFFFFF, 0.16), tint(0xFFFFFF, 0.0), tint(0xFFFFFF, 0.07)],
            [0, 0.5, 1],
        )
        canvas.drawRRect(round_, glass)
        stroke(
            canvas,
            [(side * 41 - 20, -17), (side * 41 - 26, -4), (side * 41 - 25, 8)],
            line(0xFFFFFF, 2.4, 0.35, 0.8),
        )
        canvas.save()
        canvas.translate(0, 2.5)
        canvas.drawRRect(round_, line(0x2A120A, 4, 0.28, 2))
        canvas.restore()
        canvas.drawRRect(round_, line(0x2B1D1A, 4.2))
        canvas.drawRRect(round_, line(0x8A5A3A, 1.4, 0.75))
        arm = [(side * 72, -8), (side * 82, -10), (side * 92, -8)]
        stroke(canvas, arm, line(0x2B1D1A, 4))
    bridge = smooth([(-10, -1), (-5, -6), (5, -6), (10, -1)], closed=False)
    canvas.drawPath(bridge, line(0x2B1D1A, 4))
    canvas.drawPath(bridge, line(0x8A5A3A, 1.3, 0.75))


THEO = Character(
    backdrop="dusk",
    skin=SKIN,
    eyes=EyeStyle(
        center=(40.5, 3),
        width=22.0,
        height=13.8,
        depth=8.6,
        tilt=2.6,
        iris=12.2,
        colors=(0x3A1F10, 0x74451F, 0xC98A48),
        lash=0x160C0C,
        lash_width=3.4,
        wing=1.5,
        lid=0x5E3320,
    ),
    brows=BrowStyle(
        points=((14, -40), (29, -43.5), (46, -45.5), (61, -43), (74, -35.5)),
        width=7.6,
        color=0x1C1112,
    ),
    mouth=MouthStyle(
        center=(0, 80),
        width=29.5,
        upper=7.0,
        lower=9.6,
        opening=20.0,
        upper_color=0x95503F,
        lower_color=0xB96B57,
        shine=0xE9A88E,
        shade=0x3B1512,
        smile=3.6,
    ),
    paint_figure=_paint_figure,
    paint_fringe=_paint_fringe,
)
