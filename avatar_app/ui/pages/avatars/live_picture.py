"""A square picture that shows a moving face."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from avatar_app.core.values import Image
from avatar_app.ui.style.shapes import rounded
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.pictures import draw_rounded, pixmap_of

SIDE = 17 * UNIT
CORNER = 16


class LivePicture(QWidget):
    """Empty until the first picture comes."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.picture: QPixmap | None = None
        self.setFixedSize(QSize(SIDE, SIDE))
        self.setAccessibleName(name)
        theme.changed.connect(self.update)

    def show_image(self, image: Image) -> None:
        self.picture = pixmap_of(image)
        self.update()

    def clear(self) -> None:
        self.picture = None
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = QRectF(self.rect())
        if self.picture is None:
            painter.fillPath(rounded(place, CORNER), QColor(self._theme.palette.raised))
        else:
            draw_rounded(painter, self.picture, place, CORNER)
        painter.end()
