"""Styles the parts of a window: those that are seen at once, the others when they are shown."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from avatar_app.ui.style.stylesheet import dress
from avatar_app.ui.style.theme import Theme


class LazyDress(QObject):
    """The window has no style sheet of its own: a change of it would go through all that was ever
    opened, seen or not."""

    def __init__(self, window: QWidget, theme: Theme, parts: Iterable[QWidget]) -> None:
        super().__init__(window)
        self._theme, self._parts = theme, tuple(parts)
        for part in self._parts:
            dress(part, theme)
            part.installEventFilter(self)
        theme.changed.connect(self._follow)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget):
            dress(watched, self._theme)
        return super().eventFilter(watched, event)

    def _follow(self) -> None:
        for part in self._parts:
            if part.isVisible():
                dress(part, self._theme)
