"""The soft frame around the portrait, cheap at any size: eight pieces of one small picture."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QConicalGradient, QPainter, QPainterPath, QPen, QPixmap

from avatar_app.ui.theme import RADIUS_LARGE, UNIT, colour

REACH = 2 * UNIT
"""Pixels that the glow reaches out of the portrait: the margin around it."""
INWARD = 10
"""Pixels that it reaches in."""
CORNER = REACH + RADIUS_LARGE + INWARD
"""Side of a corner piece."""
COMET = ((6.0, 0.28), (2.6, 1.0))
"""Widths and opacities of the strokes that make the thinking shimmer."""


def draw_mask(painter: QPainter, rect: QRectF, page: str, border: str) -> None:
    """Round off the corners of the picture in `rect` with the page's colour."""
    _draw_pieces(painter, rect, _mask(page, border, painter.device().devicePixelRatioF()))


def draw_glow(painter: QPainter, rect: QRectF, light: str, strength: float) -> None:
    """Let `light` shine around `rect`, `strength` 0 to 1."""
    painter.setOpacity(strength)
    _draw_pieces(painter, rect, _glow(light, painter.device().devicePixelRatioF()))
    painter.setOpacity(1.0)


def draw_ring(painter: QPainter, rect: QRectF, light: str, strength: float) -> None:
    """A thin clear line on the portrait's edge."""
    painter.setOpacity(strength)
    _draw_pieces(painter, rect, _ring(light, painter.device().devicePixelRatioF()))
    painter.setOpacity(1.0)


def draw_comet(
    painter: QPainter, rect: QRectF, light: str, degrees: float, strength: float
) -> None:
    """Two shimmers that chase each other around `rect`."""
    gradient = QConicalGradient(rect.center(), -degrees)
    for position, alpha in ((0.0, 1.0), (0.22, 0.0), (0.5, 1.0), (0.72, 0.0), (1.0, 1.0)):
        gradient.setColorAt(position, colour(light, alpha))
    for position in (0.465, 0.965):  # heads are soft, too
        gradient.setColorAt(position, colour(light, 0.0))
    path = rounded(rect)
    for width, opacity in COMET:
        painter.setOpacity(strength * opacity)
        painter.strokePath(path, QPen(QBrush(gradient), width))
    painter.setOpacity(1.0)


def rounded(rect: QRectF, radius: float = RADIUS_LARGE) -> QPainterPath:
    """`rect` with round corners."""
    path = QPainterPath()
    path.addRoundedRect(rect, radius, radius)
    return path


def _draw_pieces(painter: QPainter, rect: QRectF, patch: QPixmap) -> None:
    """Corners as they are, edges stretched; nothing is drawn in the middle."""
    outer = rect.adjusted(-REACH, -REACH, REACH, REACH)
    scale = patch.devicePixelRatio()
    xs = (outer.left(), outer.left() + CORNER, outer.right() - CORNER, outer.right())
    ys = (outer.top(), outer.top() + CORNER, outer.bottom() - CORNER, outer.bottom())
    cuts = (0.0, CORNER, CORNER + 1.0, 2 * CORNER + 1.0)
    for row in range(3):
        for column in range(3):
            if row == column == 1:
                continue
            target = QRectF(QPointF(xs[column], ys[row]), QPointF(xs[column + 1], ys[row + 1]))
            source = QRectF(
                QPointF(cuts[column] * scale, cuts[row] * scale),
                QPointF(cuts[column + 1] * scale, cuts[row + 1] * scale),
            )
            painter.drawPixmap(target, patch, source)


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
        QPen(colour(border, 0.6), 1),
    )
    painter.end()
    return picture


@lru_cache(maxsize=32)
def _glow(light: str, scale: float) -> QPixmap:
    picture, inner = _patch(scale)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for reach in range(-INWARD, REACH + 1):
        fade = 1.0 - abs(reach) / (REACH if reach > 0 else INWARD)
        ring = rounded(inner.adjusted(-reach, -reach, reach, reach), RADIUS_LARGE + reach)
        painter.strokePath(ring, QPen(colour(light, 0.42 * fade * fade), 1.4))
    painter.end()
    return picture


@lru_cache(maxsize=32)
def _ring(light: str, scale: float) -> QPixmap:
    picture, inner = _patch(scale)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.strokePath(rounded(inner), QPen(colour(light, 0.95), 2.2))
    painter.end()
    return picture
