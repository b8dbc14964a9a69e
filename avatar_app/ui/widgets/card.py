"""A floating card: round corners and a soft shadow, drawn once per size."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QFrame, QWidget

from avatar_app.ui.style.shapes import rounded
from avatar_app.ui.style.theme import UNIT, Theme, color

SHADOW = 3 * UNIT
"""Pixels around the surface that belong to its shadow."""
DROP = 6
"""Vertical offset of the shadow in pixels."""
CORNER = 18


class Card(QFrame):
    """A card; lay out contents inside `SHADOW` pixels of margin."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ground: QPixmap | None = None
        theme.changed.connect(self._redraw)

    @property
    def surface(self) -> QRectF:
        """Return the visible surface, without the shadow."""
        return QRectF(self.rect()).adjusted(SHADOW, SHADOW, -SHADOW, -SHADOW)

    def _redraw(self) -> None:
        self._ground = None
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        scale = self.devicePixelRatioF()
        wanted = self.size() * scale
        if self._ground is None or self._ground.size() != wanted:
            self._ground = self._drawn(scale)
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._ground)
        painter.end()

    def _drawn(self, scale: float) -> QPixmap:
        palette = self._theme.palette
        ground = QPixmap(self.size() * scale)
        ground.setDevicePixelRatio(scale)
        ground.fill(Qt.GlobalColor.transparent)
        painter = QPainter(ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for reach in range(SHADOW - DROP, 0, -1):
            fade = (1.0 - reach / (SHADOW - DROP)) ** 2 / 5
            shade = self.surface.adjusted(-reach, DROP - reach, reach, DROP + reach)
            painter.fillPath(rounded(shade, CORNER + reach), color(palette.shadow, fade))
        painter.fillPath(rounded(self.surface, CORNER), QColor(palette.surface))
        edge = rounded(self.surface.adjusted(0.5, 0.5, -0.5, -0.5), CORNER - 0.5)
        painter.strokePath(edge, QPen(QColor(palette.border), 1))
        painter.end()
        return ground
