"""Drawing primitives for characters: smooth shapes, soft shadows, strands of hair.

All lengths are in the character's units: the face is about 180 wide, its eyes lie on y = 0 and its
chin near y = 120; x grows to the right of the picture and y downwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import skia
from numpy.typing import NDArray

Point = tuple[float, float]
Points = Sequence[Point]

_SAMPLES = 14
"""Samples on either side of a brush stroke."""
_SHARE = np.linspace(0, 1, _SAMPLES)
_BULGE = np.abs(np.sin(np.pi * _SHARE)) ** 0.8


def tint(rgb: int, alpha: float = 1.0) -> int:
    """Convert `0xRRGGBB` with an opacity in [0, 1] to skia's color."""
    return (round(255 * min(max(alpha, 0.0), 1.0)) << 24) | rgb


def mix_colors(one: int, other: int, share: float) -> int:
    """Return the color `share` of the way from `one` to `other` (both `0xRRGGBB`)."""
    mix = 0
    for shift in (16, 8, 0):
        a, b = (one >> shift) & 255, (other >> shift) & 255
        mix |= min(max(round(a + (b - a) * share), 0), 255) << shift
    return mix


def smooth(points: Points, *, closed: bool = True, tension: float = 1.0) -> skia.Path:
    """Return a Catmull-Rom curve through `points`; a repeated point makes a corner."""
    path = skia.Path()
    path.moveTo(*points[0])
    befores = [points[-1], *points] if closed else [points[0], *points]
    ends = [*points[1:], points[0]] if closed else points[1:]
    afters = [*points[2:], *points[:2]] if closed else [*points[2:], points[-1]]
    for before, start, end, after in zip(befores, points, ends, afters, strict=False):
        if start == end:
            continue
        path.cubicTo(
            start[0] + (end[0] - before[0]) * tension / 6,
            start[1] + (end[1] - before[1]) * tension / 6,
            end[0] - (after[0] - start[0]) * tension / 6,
            end[1] - (after[1] - start[1]) * tension / 6,
            end[0],
            end[1],
        )
    if closed:
        path.close()
    return path


def mirror_outline(points: Points) -> list[Point]:
    """Return the right half of an outline (top to bottom) and its mirror image, as one closed
    outline."""
    left = [(-x, y) for x, y in reversed(points) if x != 0]
    return [*points, *left]


def fill(color: int, alpha: float = 1.0, blur: float = 0.0) -> skia.Paint:
    """Return a plain paint; `blur` is the softness of its edge (standard deviation)."""
    paint = skia.Paint(Color=tint(color, alpha), AntiAlias=True)
    if blur > 0:
        paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    return paint


def line(color: int, width: float, alpha: float = 1.0, blur: float = 0.0) -> skia.Paint:
    """Return a round pen."""
    paint = fill(color, alpha, blur)
    paint.setStyle(skia.Paint.kStroke_Style)
    paint.setStrokeWidth(width)
    paint.setStrokeCap(skia.Paint.kRound_Cap)
    paint.setStrokeJoin(skia.Paint.kRound_Join)
    return paint


def stroke(canvas: skia.Canvas, points: Points, pen: skia.Paint) -> None:
    """Draw a smooth open line through points."""
    canvas.drawPath(smooth(points, closed=False), pen)


def fade(
    start: Point, end: Point, colors: Sequence[int], stops: Sequence[float] | None = None
) -> skia.Paint:
    """Return a linear gradient; colors are skia's (see `tint`)."""
    shader = skia.GradientShader.MakeLinear([start, end], list(colors), stops and list(stops))
    return skia.Paint(Shader=shader, AntiAlias=True, Dither=True)


def glow(
    center: Point,
    radius: float,
    colors: Sequence[int],
    stops: Sequence[float] | None = None,
    squash: float = 1.0,
) -> skia.Paint:
    """Return a radial gradient, `squash` times as high as wide."""
    matrix = skia.Matrix()
    matrix.setScale(1.0, squash, *center)
    shader = skia.GradientShader.MakeRadial(
        center, radius, list(colors), stops and list(stops), localMatrix=matrix
    )
    return skia.Paint(Shader=shader, AntiAlias=True, Dither=True)


def blot(canvas: skia.Canvas, center: Point, size: Point, color: int, alpha: float) -> None:
    """Draw a soft ellipse of half axes `size`, fading to nothing at its edge."""
    colors = [tint(color, alpha * share) for share in (1.0, 0.78, 0.32, 0.07, 0.0)]
    paint = glow(center, size[0], colors, [0, 0.28, 0.58, 0.82, 1], size[1] / size[0])
    canvas.drawOval(skia.Rect.MakeLTRB(*_box(center, size)), paint)


def _box(center: Point, size: Point) -> tuple[float, float, float, float]:
    (x, y), (w, h) = center, size
    return x - w, y - h, x + w, y + h


@contextmanager
def inside(canvas: skia.Canvas, path: skia.Path) -> Iterator[None]:
    """Clip painting to `path`."""
    canvas.save()
    canvas.clipPath(path, doAntiAlias=True)
    yield
    canvas.restore()


def tapered(points: Points, width: float, start: float = 0.0, end: float = 0.0) -> skia.Path:
    """Draw a brush stroke: `width` in its middle, `start` and `end` times that at its ends."""
    return smooth([(x, y) for x, y in _edge(points, width, start, end).tolist()])


def quill(points: Points, width: float, start: float = 0.0, end: float = 0.0) -> skia.Path:
    """Draw a short `tapered` stroke whose outline is straight between its points; much quicker."""
    path = skia.Path()
    path.addPoly([(x, y) for x, y in _edge(points, width, start, end).tolist()], close=True)
    return path


def _edge(points: Points, width: float, start: float, end: float) -> NDArray[np.float64]:
    """Return the outline of a brush stroke, shape (2 × _SAMPLES, 2)."""
    place, slope = _along(len(points))
    given = np.asarray(points, dtype=float)
    along, step = place @ given, slope @ given
    length = np.sqrt(np.einsum("ij,ij->i", step, step)) + 1e-6
    half = (0.5 * width) * np.maximum(_BULGE, start * (1 - _SHARE) + end * _SHARE) / length
    normal = np.stack([-step[:, 1] * half, step[:, 0] * half], axis=1)
    return np.concatenate([along + normal, (along - normal)[::-1]])


@lru_cache
def _along(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return matrices that map `count` points to _SAMPLES places on their curve, and to its
    slopes."""
    padding = np.zeros((count + 2, count))
    padding[1:-1] = np.eye(count)
    padding[0, :2] = padding[-1, :-3:-1] = (2, -1)
    at = np.linspace(0, count - 1, _SAMPLES)
    i = np.minimum(at.astype(int), count - 2)
    t = (at - i)[:, None]
    a, b, c, d = (padding[i + k] for k in range(4))
    cubic, square = 3 * b - a - 3 * c + d, 2 * a - 5 * b + 4 * c - d
    place = 0.5 * (2 * b + (c - a) * t + square * t**2 + cubic * t**3)
    return place, np.gradient(place, axis=0)


def strands(
    canvas: skia.Canvas,
    one: Points,
    other: Points,
    count: int,
    colors: Sequence[int],
    *,
    width: float = 3.0,
    alpha: float = 0.5,
    seed: int = 1,
    spread: float = 2.0,
    blur: float = 0.0,
) -> None:
    """Draw `count` tapered hairs between two guide curves with the same number of points."""
    random = np.random.default_rng(seed)
    first, last = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    for _ in range(count):
        share = random.uniform()
        path = first + (last - first) * share + random.normal(0, spread, 2)
        path[-1] += random.normal(0, spread * 2, 2)
        color = colors[int(random.integers(len(colors)))]
        pen = fill(color, alpha * random.uniform(0.35, 1.0), blur)
        body = tapered([tuple(p) for p in path], width * random.uniform(0.4, 1.3))
        canvas.drawPath(body, pen)
