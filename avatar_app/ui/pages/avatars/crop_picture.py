"""Chooses a face and crops a photo, by mouse, wheel and keys."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)

from avatar_app.avatars.draft import SMALLEST, AvatarDraft, Crop
from avatar_app.ui.pages.avatars.crop_canvas import CropCanvas, Grasp, corners_of
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.widgets.pictures import pixmap_of

GRIP = 14.0
"""Pixels around a corner within which it is grasped."""
STEP, GROWTH = 0.02, 1.06
"""A press of a key moves by this share of the photo, or sizes by this factor."""
_MOVES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_GROWS = {
    Qt.Key.Key_Plus: GROWTH,
    Qt.Key.Key_Equal: GROWTH,
    Qt.Key.Key_Minus: 1 / GROWTH,
}


_RIGHT = {Grasp.TOP_RIGHT, Grasp.BOTTOM_RIGHT}
_BOTTOM = {Grasp.BOTTOM_LEFT, Grasp.BOTTOM_RIGHT}


class CropPicture(CropCanvas):
    """Arrows move the crop, + and − size it; a digit or a click chooses a face."""

    changed = Signal()
    """The crop or the face is another one."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._grasp: Grasp | None = None
        self._held = QPointF()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    def show_draft(self, draft: AvatarDraft) -> None:
        """Show a photo, with its likeliest face and crop."""
        self._draft, self._picture = draft, pixmap_of(draft.picture)
        self.choose_face(draft.likeliest)

    def choose_face(self, index: int) -> None:
        """Make the avatar of this face."""
        assert self._draft is not None
        self.face, self.crop = index, self._draft.suggested_crop(index)
        self._tell()

    def set_crop(self, crop: Crop) -> None:
        """Keep this part, moved and shrunk as far as it must be to lie in the photo."""
        assert self._draft is not None
        whole = self._draft.whole
        wide = min(max(crop.right - crop.left, SMALLEST), whole.right)
        high = min(max(crop.bottom - crop.top, SMALLEST), whole.bottom)
        left = min(max(crop.left, 0.0), whole.right - wide)
        top = min(max(crop.top, 0.0), whole.bottom - high)
        self.crop = Crop(left, top, left + wide, top + high)
        self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        digit = event.key() - Qt.Key.Key_1
        if self._draft is None or not self.can_be_cropped:
            event.ignore()
        elif key in _MOVES:
            right, down = _MOVES[key]
            step = STEP * max(self._draft.whole)
            self._shift(right * step, down * step)
        elif key in _GROWS:
            self._grow(_GROWS[key])
        elif 0 <= digit < len(self._draft.faces):
            self.choose_face(digit)
        else:
            event.ignore()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus() and self.can_be_cropped and event.angleDelta().y():
            self._grow(1 / GROWTH if event.angleDelta().y() > 0 else GROWTH)
            event.accept()
        else:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if not self.can_be_cropped:
            return
        self._held = event.position()
        other = self._face_at(event.position())
        if other is not None and other != self.face:
            self.choose_face(other)
        else:
            self._grasp = self._grasp_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grasp is None:
            self._show_cursor(event.position())
            return
        moved = (event.position() - self._held) / self._scale
        self._held = event.position()
        if self._grasp is Grasp.WHOLE:
            self._shift(moved.x(), moved.y())
        else:
            self._pull(self._grasp, moved)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._grasp = None

    def _face_at(self, point: QPointF) -> int | None:
        faces = range(len(self._draft.faces)) if self._draft is not None else ()
        return next((index for index in faces if self.face_place(index).contains(point)), None)

    def _grasp_at(self, point: QPointF) -> Grasp | None:
        crop = self.crop_place()
        for grasp, corner in corners_of(crop).items():
            if (point - corner).manhattanLength() <= GRIP:
                return grasp
        return Grasp.WHOLE if crop.contains(point) else None

    def _show_cursor(self, point: QPointF) -> None:
        shapes = {
            None: Qt.CursorShape.ArrowCursor,
            Grasp.WHOLE: Qt.CursorShape.SizeAllCursor,
            Grasp.TOP_LEFT: Qt.CursorShape.SizeFDiagCursor,
            Grasp.BOTTOM_RIGHT: Qt.CursorShape.SizeFDiagCursor,
        }
        other = self._face_at(point)
        if not self.can_be_cropped:
            self.setCursor(Qt.CursorShape.ArrowCursor)
        elif other is not None and other != self.face:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            shape = shapes.get(self._grasp_at(point), Qt.CursorShape.SizeBDiagCursor)
            self.setCursor(shape)

    def _shift(self, right: float, down: float) -> None:
        crop = self.crop
        self.set_crop(
            Crop(crop.left + right, crop.top + down, crop.right + right, crop.bottom + down)
        )

    def _grow(self, factor: float) -> None:
        crop = self.crop
        wide = (crop.right - crop.left) * (factor - 1) / 2
        high = (crop.bottom - crop.top) * (factor - 1) / 2
        self.set_crop(
            Crop(crop.left - wide, crop.top - high, crop.right + wide, crop.bottom + high)
        )

    def _pull(self, corner: Grasp, moved: QPointF) -> None:
        """Move one corner; the opposite one stays."""
        assert self._draft is not None
        crop, whole = self.crop, self._draft.whole
        if corner in _RIGHT:
            right = max(crop.right + moved.x(), crop.left + SMALLEST)
            crop = crop._replace(right=min(right, whole.right))
        else:
            left = min(crop.left + moved.x(), crop.right - SMALLEST)
            crop = crop._replace(left=max(left, 0.0))
        if corner in _BOTTOM:
            bottom = max(crop.bottom + moved.y(), crop.top + SMALLEST)
            crop = crop._replace(bottom=min(bottom, whole.bottom))
        else:
            top = min(crop.top + moved.y(), crop.bottom - SMALLEST)
            crop = crop._replace(top=max(top, 0.0))
        self.set_crop(crop)

    def _tell(self) -> None:
        self.update()
        self.changed.emit()
