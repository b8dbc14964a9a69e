"""A square that shows a picture, or plays some again and again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from avatar_app.core.values import Image
from avatar_app.ui.style.shapes import rounded
from avatar_app.ui.style.theme import UNIT, Theme, color
from avatar_app.ui.widgets.pictures import pixmap_of

SHORTEST_MS = 20
"""Between two pictures."""


class MovingPicture(QWidget):
    """Pictures are uint8, shape (height, width, 3), RGB."""

    def __init__(self, theme: Theme, side: int) -> None:
        super().__init__()
        self._theme = theme
        self._pictures: list[QPixmap] = []
        self._index = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._advance)
        self.set_side(side)
        theme.changed.connect(self.update)

    def set_side(self, side: int) -> None:
        """Make it larger or smaller."""
        self._side = side
        self.setFixedSize(side, side)

    def show_picture(self, image: Image) -> None:
        """Show one picture."""
        self._timer.stop()
        self._pictures, self._index = [pixmap_of(image)], 0
        self.update()

    def play(self, images: Sequence[Image], fps: float) -> None:
        """Play pictures from now on."""
        self._pictures, self._index = [pixmap_of(image) for image in images], 0
        self._timer.start(max(round(1000 / fps), SHORTEST_MS))
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._timer.stop()
        self._pictures = []
        self.update()

    def pause(self) -> None:
        """Stop playing."""
        self._timer.stop()

    def resume(self) -> None:
        """Go on playing, where there is something to play."""
        if len(self._pictures) > 1:
            self._timer.start()

    @property
    def is_empty(self) -> bool:
        return not self._pictures

    @property
    def is_playing(self) -> bool:
        return self._timer.isActive()

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        outline = rounded(QRectF(self.rect()), UNIT * 1.5)
        painter.fillPath(outline, color(self._theme.palette.raised, 1.0))
        if self._pictures:
            painter.setClipPath(outline)
            picture = self._pictures[self._index]
            size = picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
            painter.drawPixmap(left, top, size.width(), size.height(), picture)
        painter.end()

    def _advance(self) -> None:
        self._index = (self._index + 1) % max(len(self._pictures), 1)
        self.update()
