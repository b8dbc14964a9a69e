"""The ways the window can be: usual, compact and on top of others, or the face on the whole screen.

Size, position and mode are saved soon after they change, so that they outlast whatever ends the
program.
"""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from avatar_app.ui.window.parts import WindowParts
from avatar_app.ui.window.preferences import MODE, WindowPreferences

SIZE, SMALLEST = (1180, 760), (720, 540)
FRAME = (0, 28)
"""Pixels that a desktop's frame of a window usually takes."""
COMPACT, COMPACT_SMALLEST = (320, 400), (240, 280)
SAVE_MS = 500
"""How long size and position rest before they are saved."""


UNSEEN = "offscreen"
"""Qt's name of a screen that nobody sees: the usual window has room on it."""


class WindowMode(StrEnum):
    """How the window is shown."""

    NORMAL = "normal"
    COMPACT = "compact"
    FACE = "face"


class WindowModes(QObject):
    """Changes between the modes; `changed` tells what does not belong to the new one to leave."""

    changed = Signal(object)

    def __init__(self, window: QWidget, parts: WindowParts, preferences: WindowPreferences) -> None:
        super().__init__(window)
        self._window, self._parts, self._preferences = window, parts, preferences
        self.mode = WindowMode.NORMAL
        self._aside: list[QWidget] = []
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(SAVE_MS)
        self._rest.timeout.connect(self.save)
        parts.composer.expand_wanted.connect(self.toggle_compact)
        parts.popover.compact_wanted.connect(self.toggle_compact)

    def restore(self) -> None:
        """Take on the mode, size and position of the last time."""
        self._fit(WindowMode.NORMAL)
        self._enter(WindowMode(self._preferences.now.mode))
        self._window.installEventFilter(self)

    def toggle_compact(self) -> None:
        """Change between the compact and the usual window."""
        self._choose(WindowMode.NORMAL if self.mode is WindowMode.COMPACT else WindowMode.COMPACT)

    def toggle_face(self) -> None:
        """Fill the screen with the face, or go back to the usual window."""
        self._choose(WindowMode.NORMAL if self.mode is WindowMode.FACE else WindowMode.FACE)

    def fill_screen(self) -> None:
        """Fill the screen with the face."""
        self._choose(WindowMode.FACE)

    def leave(self) -> bool:
        """Go back to the usual window; returns False if that is shown already."""
        if self.mode is WindowMode.NORMAL:
            return False
        self._choose(WindowMode.NORMAL)
        return True

    def save(self) -> None:
        """Save size and position now."""
        self._rest.stop()
        if self.mode is not WindowMode.FACE and not self._window.isFullScreen():
            compact = self.mode is WindowMode.COMPACT
            self._preferences.note_geometry(self._window, compact=compact)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move) and self._window.isVisible():
            self._rest.start()
        return super().eventFilter(watched, event)

    def _choose(self, mode: WindowMode) -> None:
        if mode is not self.mode:
            self.save()
            self._enter(mode)
            self._preferences.note(MODE, mode.value)

    def _enter(self, mode: WindowMode) -> None:
        before, self.mode = self.mode, mode
        if mode is before:
            return
        parts, is_normal = self._parts, mode is WindowMode.NORMAL
        self.changed.emit(mode)
        self._show_cards(shown=is_normal)
        parts.stage.show_controls(shown=is_normal)
        parts.panel.setVisible(is_normal)
        parts.composer.setVisible(mode is not WindowMode.FACE)
        parts.composer.show_compact(compact=mode is WindowMode.COMPACT)
        self._stay_on_top(on_top=mode is WindowMode.COMPACT)
        if mode is WindowMode.FACE:
            self._window.showFullScreen()
            return
        if before is WindowMode.FACE:
            self._window.showNormal()
        self._fit(mode)

    def _show_cards(self, *, shown: bool) -> None:
        """Put what is offered below the portrait aside, and bring it back."""
        parts = self._parts
        cards = (parts.starter_card, parts.first_steps, parts.build_card)
        if not shown:
            self._aside = [card for card in cards if card.isVisibleTo(self._window)] or self._aside
        for card in self._aside:
            card.setVisible(shown)
        if shown:
            self._aside = []

    def _fit(self, mode: WindowMode) -> None:
        """Give the window the limits, size and position of a mode."""
        compact = mode is WindowMode.COMPACT
        least = QSize(*(COMPACT_SMALLEST if compact else SMALLEST))
        room = room_of(self._window)
        self._window.setMinimumSize(least.boundedTo(room))
        if not self._preferences.restore_geometry(self._window, compact=compact):
            self._window.resize(QSize(*(COMPACT if compact else SIZE)).boundedTo(room))

    def _stay_on_top(self, *, on_top: bool) -> None:
        """Ask the desktop; some leave it to their users (Wayland), in the menu of the window."""
        flag = Qt.WindowType.WindowStaysOnTopHint
        if bool(self._window.windowFlags() & flag) == on_top:
            return
        was_visible = self._window.isVisible()
        self._window.setWindowFlag(flag, on_top)
        if was_visible:
            self._window.show()


def room_of(window: QWidget) -> QSize:
    """Return the pixels that a window may take: few where a small screen shows all twice as
    large."""
    if QGuiApplication.platformName() == UNSEEN:
        return QSize(*SIZE)
    return window.screen().availableSize() - QSize(*FRAME)
