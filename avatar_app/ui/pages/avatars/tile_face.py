"""Draws a tile of the gallery: a square picture with its frame, and two lines below it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton

from avatar_app.ui.style.assets import Glyph, font, pixmap
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.pictures import draw_rounded

NAMES = 6 * UNIT
"""Height of the two lines below the picture."""
MARGIN = 4
"""Around the picture, for the frame that says “in use” or “here is the focus”."""
CORNER = 16
BADGE = 24


class TileFace(QAbstractButton):
    """What is seen of an avatar; `AvatarTile` adds what can be done."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.picture: QPixmap | None = None
        self.problem = ""
        """Why it cannot be shown."""
        self.is_current = False
        self._room_beside_name = 0
        """Pixels that a button takes."""
        self._names_are_hidden = False
        theme.changed.connect(self.update)

    @property
    def title(self) -> str:
        """The avatar's name for people."""
        raise NotImplementedError

    @property
    def about(self) -> str:
        """The line below the name."""
        raise NotImplementedError

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_picture(painter)
        self._paint_frame(painter)
        self._paint_names(painter)
        painter.end()

    def _paint_picture(self, painter: QPainter) -> None:
        palette, place = self._theme.palette, self._picture_place()
        if self.picture is not None and not self.problem:
            draw_rounded(painter, self.picture, place, CORNER)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.raised))
        painter.drawRoundedRect(place, CORNER, CORNER)
        glyph = Glyph.WARNING if self.problem else Glyph.PORTRAIT
        mark = pixmap(glyph, palette.text_faint, 4 * UNIT, self.devicePixelRatioF())
        corner = place.center().toPoint()
        painter.drawPixmap(corner.x() - 2 * UNIT, corner.y() - 2 * UNIT, mark)

    def _paint_frame(self, painter: QPainter) -> None:
        palette = self._theme.palette
        place = self._picture_place()
        focused = self.hasFocus()
        if self.is_current or focused or self.underMouse():
            shade = palette.focus if focused else palette.accent
            if not self.is_current and not focused:
                shade = palette.text_faint
            painter.setPen(QPen(QColor(shade), 3 if self.is_current or focused else 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            around = place.adjusted(-2, -2, 2, 2)
            painter.drawRoundedRect(around, CORNER + 2, CORNER + 2)
        if self.is_current:
            corner = QRectF(
                place.right() - BADGE - UNIT, place.bottom() - BADGE - UNIT, BADGE, BADGE
            )
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(palette.accent))
            painter.drawEllipse(corner)
            mark = pixmap(Glyph.CHECK, palette.on_accent, 16, self.devicePixelRatioF())
            painter.drawPixmap(int(corner.x()) + 4, int(corner.y()) + 4, mark)

    def _paint_names(self, painter: QPainter) -> None:
        if self._names_are_hidden:
            return
        palette = self._theme.palette
        room = self.width() - 2 * MARGIN - self._room_beside_name
        line = QRect(MARGIN, self.height() - NAMES + 2, room, NAMES // 2)
        weight = QFont.Weight.DemiBold
        for text, shade, face in (
            (self.title, palette.text, font(14, weight)),
            (self.about, self._about_shade(), font(12)),
        ):
            painter.setFont(face)
            painter.setPen(QColor(shade))
            elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, elided)
            line.translate(0, NAMES // 2 - 4)

    def _about_shade(self) -> str:
        palette = self._theme.palette
        if self.problem:
            return palette.danger
        return palette.focus if self.is_current else palette.text_dim

    def _picture_place(self) -> QRectF:
        side = self.width() - 2 * MARGIN
        return QRectF(MARGIN, MARGIN, side, self.height() - NAMES - 2 * MARGIN)
