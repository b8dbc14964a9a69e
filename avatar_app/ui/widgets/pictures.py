"""Pictures of avatars for Qt, and how they are drawn: with round corners, at any scale."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPixmap

from avatar_app.core.values import Image


def pixmap_of(image: Image) -> QPixmap:
    """Copy a picture, uint8, shape (height, width, 3), RGB."""
    height, width = image.shape[:2]
    shown = QImage(image.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(shown)  # which copies the pixels


def draw_rounded(painter: QPainter, picture: QPixmap, place: QRectF, radius: float) -> None:
    """Draw a picture that fills `place`, with round corners."""
    path = QPainterPath()
    path.addRoundedRect(place, radius, radius)
    painter.save()
    painter.setRenderHints(
        QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
    )
    painter.setClipPath(path)
    painter.drawPixmap(place, picture, QRectF(picture.rect()))
    painter.restore()
