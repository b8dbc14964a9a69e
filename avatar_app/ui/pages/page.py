"""The base class of pages next to the portrait: heading, close button, toast, and life cycle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from avatar_app.session.session import Session
from avatar_app.ui.pages.remedy_actions import RemedyActions, ShowPage
from avatar_app.ui.qt.work import Work
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton
from avatar_app.ui.widgets.notices import NoticeBar

TOAST_WIDEST = 66 * UNIT


@dataclass(frozen=True, slots=True, eq=False)
class PageContext:
    """What a page receives on creation."""

    session: Session
    theme: Theme
    work: Work
    """Runs slow calls outside the window's thread."""
    post: Callable[[Callable[[], None]], None]
    """Schedules a call in the window's thread, from any thread."""
    show_page: ShowPage
    remedies: RemedyActions
    """Buttons that help against errors."""


class PageView(QWidget):
    """One page. It is created when it is first opened, and kept; it is active only between `enter`
    and `leave`."""

    close_wanted = Signal()
    characters_changed = Signal()
    """Emitted when a character may be called otherwise."""

    def __init__(self, context: PageContext, title: str) -> None:
        super().__init__()
        self.context = context
        self.setAccessibleName(title)
        self.heading = QLabel(title)
        self.heading.setObjectName("pageHeading")
        self.close_button = IconButton(context.theme, Glyph.CLOSE, self.tr("Close"), "Esc")
        self.close_button.clicked.connect(self.close_wanted)
        self.head = QHBoxLayout()
        """Between the heading and the close button; a page may add widgets."""
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
        self._awaited: QWidget | None = None
        self.waiting = QLabel(self)
        """In place of what has not arrived yet."""
        self.waiting.hide()
        self.toast = NoticeBar(self, context.theme)
        """Reports what was done, and offers to undo it."""
        self.toast.remedy = context.remedies.for_error
        self.toast.changed.connect(self._place_toast)

    def await_data(self, content: QWidget) -> None:
        """Show a sentence in place of the content, which would be empty frames, until `show_data`;
        called once, with what is in the body."""
        content.hide()
        self._awaited = content
        self.waiting.setText(self.tr("One moment."))
        self.waiting.setObjectName("empty")
        self.waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.body.addWidget(self.waiting, 1)
        self.waiting.show()

    def show_data(self) -> None:
        """Show the content from now on: it is filled, or an error was reported."""
        if self._awaited is not None:
            self.waiting.hide()
            self._awaited.show()
            self._awaited = None

    def enter(self) -> None:
        """Called when the page is shown."""

    def leave(self) -> None:
        """Called when the page is hidden: it must stop all activity."""

    @property
    def is_filled(self) -> bool:
        """Whether all that it shows has arrived; pictures of the documentation wait for it."""
        return self._awaited is None

    def escape(self) -> bool:
        """Go one step back within the page; return False if the page should be left."""
        return False

    def focus_first(self) -> None:
        """Move the keyboard focus to where a user of the page starts; by default it stays in the
        rail."""

    def look_for(self, _words: str) -> None:
        """Show what matches the words, where the page can be searched."""

    def stop(self) -> None:
        """Called when the window closes: unsubscribe from everything."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_toast()

    def _place_toast(self) -> None:
        width = min(self.width() - 4 * UNIT, TOAST_WIDEST)
        self.toast.setFixedSize(width, self.toast.height_for(width))
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
