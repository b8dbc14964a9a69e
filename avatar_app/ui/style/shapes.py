"""Shapes that several widgets paint."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath

from avatar_app.ui.style.theme import RADIUS_LARGE


def rounded(rect: QRectF, radius: float = RADIUS_LARGE) -> QPainterPath:
    """Return `rect` with rounded corners."""
    path = QPainterPath()
    path.addRoundedRect(rect, radius, radius)
    return path
