"""Draws a photo with its faces and the part that is kept."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from avatar_app.avatars.draft import AvatarDraft, Crop
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.pictures import draw_rounded

CORNER = 12


class Grasp(Enum):
    """What the pointer holds: the whole crop, or one of its corners."""

    WHOLE = "whole"
    TOP_LEFT = "top left"
    TOP_RIGHT = "top right"
    BOTTOM_LEFT = "bottom left"
    BOTTOM_RIGHT = "bottom right"


class CropCanvas(QWidget):
    """What is seen; `CropPicture` adds what can be done."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._draft: AvatarDraft | None = None
        self._picture: QPixmap | None = None
        self.face = 0
        """Index of the chosen one, from the left."""
        self.crop = Crop(0, 0, 1, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(24 * UNIT, 24 * UNIT))
        theme.changed.connect(self.update)

    @property
    def can_be_cropped(self) -> bool:
        """A clip is taken as a whole."""
        return self._draft is not None and self._draft.clip is None

    def face_place(self, index: int) -> QRectF:
        """Where a face is shown, in pixels of this widget."""
        assert self._draft is not None
        return self._placed(self._draft.faces[index].box)

    def crop_place(self) -> QRectF:
        """Where the crop is shown."""
        return self._placed(self.crop)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._picture is None or self._draft is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole, crop = self._placed(self._draft.whole), self.crop_place()
        draw_rounded(painter, self._picture, whole, CORNER)
        outside = QPainterPath()
        outside.addRoundedRect(whole, CORNER, CORNER)
        kept = QPainterPath()
        kept.addRect(crop)
        painter.fillPath(outside.subtracted(kept), QColor(0, 0, 0, 150))
        self._paint_faces(painter)
        if self.can_be_cropped:
            self._paint_crop(painter, crop)
        painter.end()

    def _paint_faces(self, painter: QPainter) -> None:
        assert self._draft is not None
        palette = self._theme.palette
        several = len(self._draft.faces) > 1
        for index in range(len(self._draft.faces)):
            chosen = index == self.face
            place = self.face_place(index)
            pen = QPen(QColor(palette.accent if chosen else "#ffffff"), 3 if chosen else 2)
            if not chosen:
                pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(place, 8, 8)
            if several:
                self._paint_number(painter, place.topLeft(), index, chosen=chosen)

    def _paint_number(self, painter: QPainter, at: QPointF, index: int, *, chosen: bool) -> None:
        palette = self._theme.palette
        disc = QRectF(at.x() - 4, at.y() - 4, 22, 22)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.accent if chosen else "#ffffff"))
        painter.drawEllipse(disc)
        painter.setPen(QColor(palette.on_accent if chosen else "#16191f"))
        painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, str(index + 1))

    def _paint_crop(self, painter: QPainter, crop: QRectF) -> None:
        shade = self._theme.palette.focus if self.hasFocus() else "#ffffff"
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(shade), 2 if self.hasFocus() else 1))
        painter.drawRect(crop)
        painter.setPen(QPen(QColor(0, 0, 0, 120), 1))
        painter.setBrush(QColor(shade))
        for corner in corners_of(crop).values():
            painter.drawEllipse(corner, 5, 5)

    @property
    def _scale(self) -> float:
        """Pixels of this widget for one of the photo."""
        assert self._draft is not None
        whole, edge = self._draft.whole, UNIT
        wide, high = self.width() - 2 * edge, self.height() - 2 * edge
        return max(min(wide / whole.right, high / whole.bottom), 1e-6)

    def _placed(self, part: Crop) -> QRectF:
        assert self._draft is not None
        whole, scale = self._draft.whole, self._scale
        left = (self.width() - whole.right * scale) / 2
        top = (self.height() - whole.bottom * scale) / 2
        return QRectF(
            left + part.left * scale,
            top + part.top * scale,
            (part.right - part.left) * scale,
            (part.bottom - part.top) * scale,
        )


def corners_of(crop: QRectF) -> dict[Grasp, QPointF]:
    """Where each corner is grasped."""
    return {
        Grasp.TOP_LEFT: crop.topLeft(),
        Grasp.TOP_RIGHT: crop.topRight(),
        Grasp.BOTTOM_LEFT: crop.bottomLeft(),
        Grasp.BOTTOM_RIGHT: crop.bottomRight(),
    }
