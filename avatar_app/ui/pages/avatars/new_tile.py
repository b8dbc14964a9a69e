"""The first tile of the gallery: a photo or clip dropped here, or chosen, becomes an avatar."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from avatar_app.ui.pages.avatars.tile_face import CORNER, MARGIN, NAMES
from avatar_app.ui.style.assets import Glyph, font, pixmap
from avatar_app.ui.style.theme import UNIT, Theme


class NewTile(QAbstractButton):
    """A dashed frame with a plus."""

    moved = Signal(int, int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._is_target = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Add a photo, a clip or an .avatar file"))
        self.setToolTip(self.tr("Choose a file, or drop or paste one anywhere on this page"))
        theme.changed.connect(self.update)

    def show_target(self, *, wanted: bool) -> None:
        """A file is dragged over the page, or no longer."""
        self._is_target = wanted
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif event.key() == Qt.Key.Key_Right:
            self.moved.emit(1, 0)
        elif event.key() == Qt.Key.Key_Down:
            self.moved.emit(0, 1)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        palette = self._theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = self.width() - 2 * MARGIN
        place = QRectF(MARGIN, MARGIN, side, self.height() - NAMES - 2 * MARGIN)
        bright = self._is_target or self.hasFocus() or self.underMouse()
        pen = QPen(QColor(palette.focus if bright else palette.text_faint), 2)
        if not self._is_target and not self.hasFocus():
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(QColor(palette.raised if bright else palette.surface))
        painter.drawRoundedRect(place, CORNER, CORNER)
        shade = palette.focus if bright else palette.text_dim
        mark = pixmap(Glyph.PLUS, shade, 4 * UNIT, self.devicePixelRatioF())
        middle = place.center().toPoint()
        painter.drawPixmap(middle.x() - 2 * UNIT, middle.y() - 4 * UNIT, mark)
        painter.setFont(font(13))
        painter.setPen(QColor(shade))
        text = self.tr("Drop it here") if self._is_target else self.tr("Photo or clip")
        words = place.adjusted(UNIT, place.height() / 2, -UNIT, -UNIT)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(words, flags | Qt.TextFlag.TextWordWrap, text)
        painter.setPen(QColor(palette.text_dim))
        painter.setFont(font(12))
        below = QRectF(MARGIN, self.height() - NAMES + 2, side, NAMES - 2)
        hint = self.tr("Drop, paste or choose: you see it speak first")
        painter.drawText(below, Qt.TextFlag.TextWordWrap, hint)
        painter.end()
