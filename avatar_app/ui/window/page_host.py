"""Opens the page of all settings beside the portrait, or over it where the window is narrow."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from avatar_app.session.session import Session
from avatar_app.ui.pages.settings import SettingsPage
from avatar_app.ui.qt.work import Work
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.parts import WindowParts

SHARE, NARROWEST = 0.62, 720
"""Width of a page: share of the window, and pixels."""
BESIDE = 400
"""Pixels the portrait needs; where a page leaves it less, the page covers all."""


class PageHost(QObject):
    """Keeps the page in its place while the window changes its size."""

    def __init__(
        self,
        window: QWidget,
        parts: WindowParts,
        theme: Theme,
        session: Session,
        work: Work,
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        super().__init__(window)
        self._window, self._parts = window, parts
        self.page = SettingsPage(window, theme, session, work, post)
        self.stop = self.page.stop
        self.page.closed.connect(self._leave)
        parts.popover.settings_wanted.connect(self.open)
        window.installEventFilter(self)

    def open(self) -> None:
        """Show the settings in place of the transcript."""
        self._parts.popover.dismiss()
        self._parts.panel.setVisible(False)
        self.page.open()
        self._place()

    def escape(self) -> bool:
        """Leave the settings, or a search in them; False if they are not open."""
        if not self.page.isVisible():
            return False
        self.page.dismiss()
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _leave(self) -> None:
        self._parts.panel.setVisible(True)
        self._place()
        self._parts.composer.field.setFocus()

    def _place(self) -> None:
        whole, height = self._window.width(), self._window.height()
        width = max(NARROWEST, round(whole * SHARE))
        if whole - width < BESIDE:
            width = whole
        self.page.setGeometry(whole - width, 0, width, height)
        beside = self.page.isVisible() and width < whole
        self._window.setContentsMargins(0, 0, width if beside else 0, 0)
