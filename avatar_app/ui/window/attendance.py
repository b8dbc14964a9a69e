"""Notices that the user shows at the window, or that it is hidden: whether to speak first."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QElapsedTimer, QEvent, QObject
from PySide6.QtWidgets import QWidget

EVERY = 30_000
"""Milliseconds between two reports of a user who is there."""
_SIGNS = (QEvent.Type.Show, QEvent.Type.WindowActivate, QEvent.Type.Enter, QEvent.Type.KeyPress)
_CHANGES = (QEvent.Type.Hide, QEvent.Type.WindowStateChange)


class Attend(Protocol):
    """Takes whether the user is there."""

    def __call__(self, *, visible: bool) -> None: ...


class Attendance(QObject):
    """Watches the window's own events; what its children get does not matter."""

    def __init__(self, window: QWidget, attend: Attend) -> None:
        super().__init__(window)
        self._window, self._attend = window, attend
        self._since = QElapsedTimer()
        self._visible = False
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() in (*_SIGNS, *_CHANGES):
            self._note(shown=event.type() != QEvent.Type.Hide)
        return False

    def _note(self, *, shown: bool) -> None:
        visible = shown and not self._window.isMinimized()
        recent = self._since.isValid() and self._since.elapsed() < EVERY
        if visible == self._visible and (recent or not visible):
            return
        self._visible = visible
        self._since.start()
        self._attend(visible=visible)
