"""Push to talk: hold Space to talk, except where Space has another meaning."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from avatar_app.ui.widgets.buttons import TAKES_SPACE


def application() -> QApplication:
    """Return the application object."""
    instance = QApplication.instance()
    assert isinstance(instance, QApplication)
    return instance


_TAKES_SPACE = (QAbstractButton, QAbstractItemView, QAbstractSlider, QComboBox, QPlainTextEdit)
"""Widgets that Space presses, selects or opens."""


class Hold(Protocol):
    """Callbacks for pressing and releasing the key."""

    def __call__(self, *, held: bool) -> None: ...


class PushToTalkKey(QObject):
    """Watches the window's keys; releases when the key, the focus or the window is lost."""

    def __init__(self, window: QWidget, hold: Hold) -> None:
        super().__init__(window)
        self._window, self._hold = window, hold
        self.held = False
        self._application = application()
        self._application.installEventFilter(self)
        self._application.applicationStateChanged.connect(self._state_changed)

    def release(self) -> None:
        """Release, if the key is held."""
        if self.held:
            self.held = False
            self._hold(held=False)

    def stop(self) -> None:
        """Stop watching."""
        self.release()
        self._application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or not isinstance(watched, QWidget):
            return False
        if event.type() == QEvent.Type.KeyPress:
            return self._pressed(watched, event)
        return event.type() == QEvent.Type.KeyRelease and self._released(event)

    def _pressed(self, watched: QWidget, event: QKeyEvent) -> bool:
        if not self._is_space(event) or watched.window() is not self._window:
            return False
        if self.held:
            return True  # auto-repeat
        if event.isAutoRepeat() or not self._means_talking(watched):
            return False
        self.held = True
        self._hold(held=True)
        return True

    def _released(self, event: QKeyEvent) -> bool:
        if not self.held or not self._is_space(event):
            return False
        if not event.isAutoRepeat():
            self.release()
        return True

    def _state_changed(self, state: Qt.ApplicationState) -> None:
        if state != Qt.ApplicationState.ApplicationActive:
            self.release()

    @staticmethod
    def _is_space(event: QKeyEvent) -> bool:
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return event.key() == Qt.Key.Key_Space and modifiers == Qt.KeyboardModifier.NoModifier

    @staticmethod
    def _means_talking(focused: QWidget) -> bool:
        if isinstance(focused, QLineEdit):
            return not focused.text()
        return not isinstance(focused, _TAKES_SPACE) and not focused.property(TAKES_SPACE)
