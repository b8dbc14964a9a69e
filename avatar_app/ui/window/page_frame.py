"""The frame of the pages, with a line towards the portrait."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPainter, QPaintEvent

from avatar_app.ui.language.translator import is_right_to_left
from avatar_app.ui.style.ground import Ground


class PageFrame(Ground):
    """The page and its rail are in it."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        edge = self.width() - 1 if is_right_to_left() else 0
        painter.fillRect(edge, 0, 1, self.height(), QColor(self.theme.palette.border))
        painter.end()
