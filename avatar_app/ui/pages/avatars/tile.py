"""One avatar of the gallery: a click uses it, the pointer makes it move, keys rename and delete."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QLineEdit

from avatar_app.session.avatar_gallery import GalleryAvatar
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.avatars.tile_face import NAMES, TileFace
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton
from avatar_app.ui.widgets.display_name import shown_name

MORE = 4 * UNIT
_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class AvatarTile(TileFace):
    """A square picture above its name. Enter uses it, Space makes it speak."""

    used = Signal()
    speak_wanted = Signal()
    rename_wanted = Signal(str)
    """Emitted with the new title."""
    delete_wanted = Signal()
    menu_wanted = Signal()
    moved = Signal(int, int)
    """An arrow key was pressed: steps to the right and down."""
    entered = Signal()
    """The pointer or the focus is here."""
    left = Signal()

    def __init__(self, avatar: GalleryAvatar, theme: Theme) -> None:
        super().__init__(theme)
        self.avatar = avatar
        self._room_beside_name = 0 if avatar.is_drawn else MORE
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.name_edit = QLineEdit(self)
        self.name_edit.setObjectName("search")
        self.name_edit.setAccessibleName(self.tr("New name of {}").format(self.title))
        self.name_edit.setToolTip(self.tr("Enter renames, Esc leaves the name as it was"))
        self.name_edit.hide()
        self.more_button = IconButton(theme, Glyph.MORE, self.tr("More for {}").format(self.title))
        self.more_button.setParent(self)
        self.more_button.setFixedSize(MORE, MORE)
        self.more_button.setVisible(not avatar.is_drawn)
        self.clicked.connect(self.used)
        self.more_button.clicked.connect(self.menu_wanted)
        self.name_edit.returnPressed.connect(self._finish_renaming)
        self.name_edit.editingFinished.connect(self._stop_renaming)
        self._name_it()

    @property
    def title(self) -> str:
        """The avatar's name for people."""
        return self.avatar.title or shown_name(self.avatar.name)

    @property
    def about(self) -> str:
        """The line below the name."""
        if self.problem:
            return self.tr("Damaged")
        if self.is_current:
            return self.tr("In use")
        if self.avatar.is_drawn:
            return self.tr("Drawn")
        filmed = self.avatar.is_clip and not self.avatar.is_rendered
        return self.tr("From a clip") if filmed else self.tr("From a photo")

    def show_picture(self, picture: QPixmap) -> None:
        """Show it at rest, or as it moves."""
        self.picture = picture
        self.update(self._picture_place().toAlignedRect())

    def show_problem(self, sentence: str) -> None:
        """It cannot be shown."""
        self.problem = translated(sentence)
        self._name_it()
        self.update()

    def show_current(self, *, current: bool) -> None:
        """It is on show in the conversation, or not."""
        if current is not self.is_current:
            self.is_current = current
            self._name_it()
            self.update()

    def rename(self) -> None:
        """Let the user type another name."""
        if self.avatar.is_drawn:
            return
        self.name_edit.setText(self.title)
        self.name_edit.selectAll()
        self.name_edit.show()
        self._names_are_hidden = True
        self.name_edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def stop_renaming(self) -> bool:
        """Leave the name as it is; returns whether it was being changed."""
        was_changed = self._names_are_hidden
        self._stop_renaming()
        if was_changed:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        return was_changed

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _STEPS:
            self.moved.emit(*_STEPS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif key is Qt.Key.Key_Space:
            self.speak_wanted.emit()
        elif key is Qt.Key.Key_F2:
            self.rename()
        elif key is Qt.Key.Key_Delete and not self.avatar.is_drawn:
            self.delete_wanted.emit()
        else:
            event.ignore()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.avatar.is_drawn:
            self.menu_wanted.emit()
            event.accept()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()
        self.entered.emit()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()
        self.left.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.entered.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        below = self.height() - NAMES
        self.name_edit.setGeometry(0, below, self.width(), NAMES - UNIT // 2)
        self.more_button.move(self.width() - MORE, below + (NAMES - MORE) // 2)

    def _finish_renaming(self) -> None:
        title = self.name_edit.text().strip()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        if title and title != self.title:
            self.rename_wanted.emit(title)

    def _stop_renaming(self) -> None:
        if self.name_edit.isVisible():
            self.name_edit.hide()
            self._names_are_hidden = False
            self.update()

    def _name_it(self) -> None:
        self.setAccessibleName(f"{self.title}. {self.about}.")
        self.setAccessibleDescription(self.problem)
        use = self.tr("Click to use {}").format(self.title)
        self.setToolTip(self.problem or ("" if self.is_current else use) or self.title)
