"""Mira: chestnut waves, green eyes, a cream jumper; warm and awake."""

from __future__ import annotations

import skia

from avatar_app.engines.face.illustrated.brush import (
    Points,
    blot,
    fade,
    fill,
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
from avatar_app.engines.face.illustrated.head import paint_face, paint_neck, paint_nose

SKIN = Skin(light=0xFFE3CF, base=0xF6C6A7, shade=0xD9936F, deep=0xA85F48, blush=0xF08C78)
_HAIR = (0x2C1512, 0x4A241A, 0x713A25, 0x99583A, 0xCB8756)  # deepest to highlight
_KNIT = (0xF3E8D6, 0xDCC8AE, 0xB89B7E)

_FACE = [
    (0, -120), (44, -112), (72, -86), (83, -46), (83.5, -8), (81, 22), (72, 54),
    (55, 84), (33, 106), (13, 117), (0, 118.5),
]  # fmt: skip
_NECK = [
    (0, 60), (31, 64), (31, 112), (33, 136), (42, 156), (70, 172), (92, 184), (92, 210),
    (80, 250), (0, 280),
]  # fmt: skip
_BEHIND = [
    (0, -146), (54, -140), (94, -106), (111, -52), (112, 10), (120, 66), (134, 118), (134, 160),
    (118, 196), (92, 208), (60, 206), (30, 200), (0, 196),
]  # fmt: skip
_TORSO = [
    (0, 190), (40, 186), (70, 178), (112, 186), (158, 208), (188, 246), (202, 310), (208, 400),
    (212, 600), (214, 1100), (0, 1100),
]  # fmt: skip
_PARTING = (-30.0, -144.0)
_RIGHT_OUTER = [
    _PARTING, (20, -155), (70, -142), (104, -104), (118, -50), (114, 8), (124, 62), (142, 118),
    (136, 168), (104, 204),
]  # fmt: skip
_RIGHT_INNER = [
    _PARTING, (-33, -106), (-16, -78), (22, -57), (60, -42), (82, -6), (86, 44), (98, 96),
    (94, 146), (78, 184),
]  # fmt: skip
_LEFT_OUTER = [
    _PARTING, (-62, -146), (-97, -112), (-116, -60), (-118, -6), (-114, 44), (-126, 96),
    (-143, 140), (-138, 176), (-106, 206),
]  # fmt: skip
_LEFT_INNER = [
    _PARTING, (-46, -112), (-60, -86), (-74, -56), (-82, -20), (-83, 18), (-87, 62), (-98, 106),
    (-94, 150), (-80, 188),
]  # fmt: skip
_TIPS: tuple[tuple[Points, Points, int], ...] = (
    # two guides between which fine hair runs out below the locks, and how much of it
    (
        [(103, 6), (117, 76), (136, 128), (138, 166), (118, 205)],
        [(96, 20), (98, 80), (104, 124), (104, 164), (88, 200)],
        42,
    ),
    (
        [(98, 30), (104, 84), (110, 128), (104, 170), (76, 198)],
        [(92, 30), (94, 84), (98, 126), (94, 164), (66, 188)],
        16,
    ),
    (
        [(106, 40), (128, 108), (141, 150), (140, 184), (150, 204)],
        [(104, 40), (122, 110), (134, 150), (130, 184), (132, 212)],
        9,
    ),
)
_STRAYS: tuple[tuple[Points, float], ...] = (
    ((_PARTING, (-6, -96), (30, -66), (56, -44), (70, -20)), 2.4),
    (((40, -60), (66, -40), (76, -12), (73, 16)), 3.0),
    (((-62, -84), (-78, -44), (-81, -4), (-76, 26)), 2.6),
)


def _paint_figure(canvas: skia.Canvas) -> None:
    _paint_behind(canvas)
    paint_neck(canvas, _NECK, SKIN, 118)
    _paint_knit(canvas)
    shape = paint_face(canvas, _FACE, SKIN)
    with inside(canvas, shape):
        _paint_hair_shadow(canvas)
        rim = line(0xBFEFE2, 7, 0.30, 4)
        stroke(canvas, [(90, -40), (87, 10), (78, 56), (56, 94)], rim)
    paint_nose(canvas, SKIN)
    _paint_freckles(canvas)


def _paint_behind(canvas: skia.Canvas) -> None:
    shape = smooth(mirror_outline(_BEHIND))
    canvas.drawPath(shape, fade((0, -150), (0, 200), [tint(_HAIR[1]), tint(_HAIR[0])]))
    with inside(canvas, shape):
        for side in (-1, 1):
            outer = [(side * 118, -20), (side * 124, 70), (side * 138, 130), (side * 112, 200)]
            inner = [(side * 40, 60), (side * 46, 110), (side * 52, 160), (side * 56, 205)]
            strands(canvas, outer, inner, 60, _HAIR[0:3], width=5, alpha=0.6, seed=5 + side)


def _paint_hair_shadow(canvas: skia.Canvas) -> None:
    """Paint the fringe's shadow on forehead and cheeks."""
    cast = fill(SKIN.deep, 0.55, 6)
    right = [*_RIGHT_INNER[:8], (130, 60), (130, -120), (0, -150)]
    left = [*_LEFT_INNER[:8], (-130, 60), (-130, -120), (0, -150)]
    canvas.save()
    canvas.translate(-3, 8)
    canvas.drawPath(smooth(right), cast)
    canvas.translate(8, 0)
    canvas.drawPath(smooth(left), cast)
    canvas.restore()


def _paint_freckles(canvas: skia.Canvas) -> None:
    spots = [(30, 29), (38, 33), (46, 28), (54, 34), (24, 35), (43, 39), (12, 31), (60, 28)]
    for k, (x, y) in enumerate(spots):
        for side in (-1, 1):
            size = 0.9 + 0.35 * ((k * 7 + side) % 3)
            canvas.drawCircle(side * x + (k % 3), y + side, size, fill(0xB0674A, 0.30, 0.5))


def _paint_knit(canvas: skia.Canvas) -> None:
    shape = smooth(mirror_outline(_TORSO))
    canvas.drawPath(shape, fade((-150, 170), (190, 420), [tint(c) for c in _KNIT]))
    with inside(canvas, shape):
        _paint_rows(canvas)
        for side in (-1, 1):
            arm = [(side * 138, 250), (side * 150, 320), (side * 152, 420)]
            canvas.drawPath(tapered(arm, 16), fill(_KNIT[2], 0.6, 7))
            drape = [(side * 70, 235), (side * 92, 290), (side * 86, 360)]
            canvas.drawPath(tapered(drape, 12), fill(_KNIT[2], 0.35, 6))
        blot(canvas, (-110, 225), (70, 40), 0xFFFFFF, 0.4)
        stroke(canvas, [(120, 188), (164, 210), (196, 254), (210, 340)], line(0xBFEFE2, 6, 0.4, 3))
        canvas.drawOval(skia.Rect.MakeLTRB(-150, 150, 150, 226), fill(0x6B4A3A, 0.30, 12))
    _paint_collar(canvas)


def _paint_rows(canvas: skia.Canvas) -> None:
    """Paint the knitted ribs, which follow the body."""
    for k in range(-13, 14):
        x = k * 15.5
        points = [(x * 0.62, 190), (x * 0.95, 250), (x * 1.05, 330), (x * 1.06, 520)]
        stroke(canvas, points, line(_KNIT[2], 2.6, 0.30, 1.2))
        lit = [(px - 3.5, py) for px, py in points]
        stroke(canvas, lit, line(0xFFFFFF, 2.2, 0.25, 1.0))


def _paint_collar(canvas: skia.Canvas) -> None:
    """Paint a wide ribbed collar: its far side is hidden, its near side a crescent."""
    crescent: Points = [
        (-84, 170), (-78, 172), (-52, 205), (0, 220), (52, 205), (78, 172), (84, 170), (98, 182),
        (78, 222), (40, 243), (0, 249), (-40, 243), (-78, 222), (-98, 182),
    ]  # fmt: skip
    shape = smooth(crescent)
    canvas.drawPath(shape, fill(0x5E4030, 0.35, 6))
    canvas.drawPath(
        shape, fade((-80, 170), (90, 250), [tint(0xFBF3E6), tint(0xE6D5BD), tint(_KNIT[2])])
    )
    with inside(canvas, shape):
        for k in range(-16, 17):
            x = k * 6.2
            low = 250 - (x / 100) ** 2 * 62
            canvas.drawLine(x * 0.80, low - 42, x, low, line(_KNIT[2], 1.6, 0.42, 0.6))
        stroke(
            canvas,
            [(-80, 172), (-52, 206), (0, 221), (52, 206), (80, 172)],
            line(0x7A5A44, 5, 0.45, 2.5),
        )


def _paint_fringe(canvas: skia.Canvas) -> None:
    for outer, inner, seed in ((_LEFT_OUTER, _LEFT_INNER, 3), (_RIGHT_OUTER, _RIGHT_INNER, 4)):
        _paint_lock(canvas, outer, inner, seed)
    _paint_tips(canvas)
    for points, width in _STRAYS:
        canvas.drawPath(tapered(points, width), fill(_HAIR[2], 0.85))


def _paint_tips(canvas: skia.Canvas) -> None:
    """Paint fine tapered hair, so that the locks do not all end at the same height."""
    for one, other, count in _TIPS:
        for side in (-1, 1):
            a, b = ([(side * x, y) for x, y in guide] for guide in (one, other))
            for tones, width, seed in ((_HAIR[0:2], 6, 61), (_HAIR[1:4], 4, 71)):
                strands(canvas, a, b, count, tones, width=width, alpha=0.95, seed=seed, spread=1.6)
            strands(canvas, a, b, count // 3, _HAIR[4:], width=2.2, alpha=0.5, seed=81, spread=1)


def _paint_lock(canvas: skia.Canvas, outer: Points, inner: Points, seed: int) -> None:
    """Paint one half of the hair, from the parting to its tips."""
    shape = smooth([*outer, *reversed(inner[1:])])
    canvas.drawPath(
        shape,
        fade((0, -160), (0, 200), [tint(_HAIR[2]), tint(_HAIR[1]), tint(_HAIR[1])], [0, 0.5, 1]),
    )
    with inside(canvas, shape):
        strands(canvas, outer, inner, 46, _HAIR[0:2], width=9, alpha=0.55, seed=seed, blur=0.6)
        strands(canvas, outer, inner, 60, _HAIR[1:4], width=5, alpha=0.6, seed=seed + 10)
        strands(canvas, outer, inner, 34, _HAIR[3:5], width=2.2, alpha=0.5, seed=seed + 20)
        _paint_shine(canvas, outer, inner, seed)
        stroke(canvas, inner, line(_HAIR[0], 7, 0.55, 4))
    strands(canvas, outer, inner, 16, _HAIR[1:4], width=1.5, alpha=0.7, seed=seed + 30, spread=3)


def _paint_shine(canvas: skia.Canvas, outer: Points, inner: Points, seed: int) -> None:
    """Paint the highlights around the crown and on the waves."""
    for low, high, count, alpha in ((2, 4, 40, 0.5), (6, 8, 26, 0.28)):
        a, b = outer[low : high + 1], inner[low : high + 1]
        warm = (_HAIR[4], mix_colors(_HAIR[4], 0xFFE9C8, 0.45))
        strands(canvas, a, b, count, warm, width=3.4, alpha=alpha, seed=seed + 50, blur=0.8)


MIRA = Character(
    backdrop="lagoon",
    skin=SKIN,
    eyes=EyeStyle(
        center=(39.5, 2),
        width=24.0,
        height=15.6,
        depth=10.0,
        tilt=3.6,
        iris=14.2,
        colors=(0x2E4A2E, 0x5E8A55, 0xB9CE85),
        lash=0x2A1512,
        lash_width=4.6,
        wing=6.5,
        lid=0x9A5643,
    ),
    brows=BrowStyle(
        points=((15, -38), (28, -41.5), (43, -44), (57, -42.5), (70, -35)),
        width=5.8,
        color=0x5A2F20,
    ),
    mouth=MouthStyle(
        center=(0, 78),
        width=30.0,
        upper=8.2,
        lower=11.0,
        opening=22.0,
        upper_color=0xC85F5C,
        lower_color=0xE08078,
        shine=0xFFC9BE,
        shade=0x6E2224,
        smile=4.6,
    ),
    paint_figure=_paint_figure,
    paint_fringe=_paint_fringe,
)
