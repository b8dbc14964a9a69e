"""A panel at the window's edge that slides open and shut."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QPropertyAnimation
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from avatar_app.ui.portrait.glow import REACH
from avatar_app.ui.style.theme import UNIT

WIDTH = 43 * UNIT
SHARE = 0.44
"""Maximum width, as a share of the window."""
SLIDE_MS = 200


class SidePanel(QWidget):
    """Contains one widget of constant width, so that sliding needs no new layout inside."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.opened = False
        self.slides = True
        """Whether it moves into its place, or is there at once."""
        self._content = content
        content.setParent(self)
        self._full = WIDTH
        self.setFixedWidth(0)
        self._slide = QPropertyAnimation(self, b"maximumWidth", self)
        self._slide.setDuration(SLIDE_MS)
        self._slide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._slide.valueChanged.connect(lambda width: self.setMinimumWidth(int(width)))
        self._slide.finished.connect(self.settle)

    def open(self, *, opened: bool) -> None:
        """Slide open or shut."""
        if opened == self.opened:
            return
        self.opened = opened
        self._content.setVisible(True)
        self._slide.stop()
        self._slide.setStartValue(self.width())
        self._slide.setEndValue(self._full if opened else 0)
        self._slide.start()
        if not self.slides:
            self.settle()

    def settle(self) -> None:
        """Finish the slide at once."""
        self._slide.stop()
        self.setFixedWidth(self._full if self.opened else 0)
        self._content.setVisible(self.opened)

    def fit(self, window_width: int) -> None:
        """Limit the width to a share of the window."""
        self._full = min(WIDTH, round(window_width * SHARE))
        if self._slide.state() != QPropertyAnimation.State.Running:
            self.settle()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._content.setGeometry(0, REACH, self._full - REACH, max(0, self.height() - 2 * REACH))
