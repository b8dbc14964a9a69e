"""The base of every page beside the portrait: heading, close button, toast, and when it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from avatar_app.session.session import Session
from avatar_app.ui.qt.work import Work
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton
from avatar_app.ui.widgets.notices import NoticeBar

TOAST_WIDEST = 56 * UNIT


@dataclass(frozen=True, slots=True, eq=False)
class PageContext:
    """What a page is made with."""

    session: Session
    theme: Theme
    work: Work
    """Runs what may take a moment, off the window's thread."""
    post: Callable[[Callable[[], None]], None]
    """Makes a call in the window's thread, from any thread."""
    show_page: Callable[[str], None]
    """Opens another page by its id."""


class PageView(QWidget):
    """One page. It is made when it is first opened, and kept; it works only between `enter` and
    `leave`."""

    close_wanted = Signal()

    def __init__(self, context: PageContext, title: str) -> None:
        super().__init__()
        self.context = context
        self.setAccessibleName(title)
        self.heading = QLabel(title)
        self.heading.setObjectName("pageHeading")
        self.close_button = IconButton(context.theme, Glyph.CLOSE, self.tr("Close"), "Esc")
        self.close_button.clicked.connect(self.close_wanted)
        self.head = QHBoxLayout()
        """Between the heading and the close button; a page may put more there."""
        self.head.setSpacing(2 * UNIT)
        self.body = QVBoxLayout()
        """Below the heading; a page lays itself out in it."""
        self.body.setSpacing(2 * UNIT)
        top = QHBoxLayout()
        top.setSpacing(2 * UNIT)
        top.addWidget(self.heading)
        top.addLayout(self.head, 1)
        top.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT)
        column.setSpacing(2 * UNIT)
        column.addLayout(top)
        column.addLayout(self.body, 1)
        self.toast = NoticeBar(self, context.theme)
        """Says what was done, and offers to undo it."""
        self.toast.changed.connect(self._place_toast)

    def enter(self) -> None:
        """The page is on show from now on."""

    def leave(self) -> None:
        """The page is hidden from now on: nothing may go on in it."""

    def escape(self) -> bool:
        """Go one step back within the page; False where only leaving the page is left."""
        return False

    def focus_first(self) -> None:
        """Put the keys where a user of the page begins."""
        self.close_button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def stop(self) -> None:
        """The window closes: follow nothing any more."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_toast()

    def _place_toast(self) -> None:
        width = min(self.width() - 4 * UNIT, TOAST_WIDEST)
        self.toast.setFixedWidth(width)
        self.toast.adjustSize()
        self.toast.move((self.width() - width) // 2, self.height() - self.toast.height())
        self.toast.raise_()


def scrolled(column: QVBoxLayout, name: str) -> QScrollArea:
    """A column that scrolls up and down where it is longer than the page."""
    body = QWidget()
    body.setObjectName("formBody")
    body.setLayout(column)
    area = QScrollArea()
    area.setWidget(body)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setAccessibleName(name)
    return area
