"""The soft glow around the portrait: eight pieces of a small picture, combined once per size."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QConicalGradient, QPainter, QPainterPath, QPen, QPixmap

from avatar_app.ui.style.shapes import rounded
from avatar_app.ui.style.theme import RADIUS_LARGE, UNIT, color

REACH = 2 * UNIT
"""Pixels by which the glow extends outside the portrait: the margin around it."""
INWARD = 10
"""Pixels by which it extends inside."""
CORNER = REACH + RADIUS_LARGE + INWARD
"""Side of a corner piece."""
COMET = ((6.0, 0.28), (2.6, 1.0))
"""Widths and opacities of the strokes of the thinking shimmer."""


def draw_mask(painter: QPainter, rect: QRectF, page: str, border: str) -> None:
    """Cover the margin around `rect`, and round its corners, with the page's color."""
    _draw(painter, rect, 1.0, _mask, page, border)


def draw_glow(painter: QPainter, rect: QRectF, light: str, strength: float) -> None:
    """Draw the glow of `light` around `rect`, `strength` 0 to 1."""
    _draw(painter, rect, strength, _glow, light)


def draw_ring(painter: QPainter, rect: QRectF, light: str, strength: float) -> None:
    """Draw a thin clear line on the portrait's edge."""
    _draw(painter, rect, strength, _ring, light)


def draw_comet(
    painter: QPainter, rect: QRectF, light: str, degrees: float, strength: float
) -> None:
    """Draw two shimmers that chase each other around `rect`."""
    gradient = QConicalGradient(rect.center(), -degrees)
    for position, alpha in ((0.0, 1.0), (0.22, 0.0), (0.5, 1.0), (0.72, 0.0), (1.0, 1.0)):
        gradient.setColorAt(position, color(light, alpha))
    for position in (0.465, 0.965):  # heads are soft, too
        gradient.setColorAt(position, color(light, 0.0))
    path = rounded(rect)
    for width, opacity in COMET:
        painter.setOpacity(strength * opacity)
        painter.strokePath(path, QPen(QBrush(gradient), width))
    painter.setOpacity(1.0)


def _draw(
    painter: QPainter, rect: QRectF, opacity: float, paint: Callable[..., QPixmap], *colors: str
) -> None:
    scale = painter.device().devicePixelRatioF()
    painter.setOpacity(opacity)
    for at, strip in _strips(paint, rect.size().toTuple(), scale, *colors):
        painter.drawPixmap(rect.topLeft() + at, strip)
    painter.setOpacity(1.0)


@lru_cache(maxsize=12)
def _strips(
    paint: Callable[..., QPixmap], size: tuple[float, float], scale: float, *colors: str
) -> tuple[tuple[QPointF, QPixmap], ...]:
    """Return four pictures that frame a rectangle of `size`: above, below and at both sides, with
    their offsets from its top left corner. Corners are as painted, edges stretched; cuts are
    between device pixels."""
    patch = paint(*colors, scale)
    xs, ys = (_cuts(round((side + 2 * REACH) * scale), scale) for side in size)
    cuts = _cuts(patch.width(), scale)
    strips = []
    for row, columns in ((0, (0, 3)), (2, (0, 3)), (1, (0, 1)), (1, (2, 3))):
        left, top, tall = xs[columns[0]], ys[row], ys[row + 1] - ys[row]
        strip = QPixmap(xs[columns[1]] - left, tall)
        strip.fill(Qt.GlobalColor.transparent)
        painter = QPainter(strip)
        for column in range(*columns):
            place = QRectF(xs[column] - left, 0, xs[column + 1] - xs[column], tall)
            wide, high = cuts[column + 1] - cuts[column], cuts[row + 1] - cuts[row]
            painter.drawPixmap(place, patch, QRectF(cuts[column], cuts[row], wide, high))
        painter.end()
        strip.setDevicePixelRatio(scale)
        strips.append((QPointF(left / scale - REACH, top / scale - REACH), strip))
    return tuple(strips)


def _cuts(length: int, scale: float) -> tuple[int, int, int, int]:
    """Return where the corners of a side end, in device pixels."""
    corner = round(CORNER * scale)
    return 0, corner, length - corner, length


def _patch(scale: float) -> tuple[QPixmap, QRectF]:
    side = 2 * CORNER + 1
    picture = QPixmap(round(side * scale), round(side * scale))
    picture.setDevicePixelRatio(scale)
    picture.fill(Qt.GlobalColor.transparent)
    inner = QRectF(REACH, REACH, side - 2 * REACH, side - 2 * REACH)
    return picture, inner


@lru_cache(maxsize=16)
def _mask(page: str, border: str, scale: float) -> QPixmap:
    picture, inner = _patch(scale)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    outside = QPainterPath()
    outside.addRect(QRectF(0, 0, 2 * CORNER + 1, 2 * CORNER + 1))
    painter.fillPath(outside.subtracted(rounded(inner)), QColor(page))
    painter.strokePath(
        rounded(inner.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_LARGE - 0.5),
        QPen(color(border, 0.6), 1),
    )
    painter.end()
    return picture


@lru_cache(maxsize=16)
def _glow(light: str, scale: float) -> QPixmap:
    picture, inner = _patch(scale)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for reach in range(-INWARD, REACH + 1):
        fade = 1.0 - abs(reach) / (REACH if reach > 0 else INWARD)
        ring = rounded(inner.adjusted(-reach, -reach, reach, reach), RADIUS_LARGE + reach)
        painter.strokePath(ring, QPen(color(light, 0.42 * fade * fade), 1.4))
    painter.end()
    return picture


@lru_cache(maxsize=16)
def _ring(light: str, scale: float) -> QPixmap:
    picture, inner = _patch(scale)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.strokePath(rounded(inner), QPen(color(light, 0.95), 2.2))
    painter.end()
    return picture
