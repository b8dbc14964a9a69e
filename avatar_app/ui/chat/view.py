"""The transcript view: follows the conversation unless the user scrolls up."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from avatar_app.ui.chat.delegate import ChatDelegate
from avatar_app.ui.chat.model import ChatModel
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton

NEAR_END = 24
"""Pixels from the end within which the view follows new lines."""


class ChatList(QListView):
    """A list that follows its end and copies as text."""

    def __init__(self, model: ChatModel, theme: Theme) -> None:
        super().__init__()
        self._lines = model
        self._following = True
        self.delegate = ChatDelegate(theme, model.avatar)
        self.setModel(model)
        self.setItemDelegate(self.delegate)
        self.setObjectName("chat")
        self.setAccessibleName(self.tr("Transcript"))
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.verticalScrollBar().setSingleStep(3 * UNIT)
        self.verticalScrollBar().rangeChanged.connect(self._follow)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        model.progressed.connect(lambda row: self.update(model.index(row)))
        theme.changed.connect(self.viewport().update)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)

    def copy(self) -> None:
        """Copy the selected lines, or all if none is selected, to the clipboard."""
        rows = sorted(index.row() for index in self.selectedIndexes())
        lines = self._lines.lines
        chosen = [lines[row] for row in rows] or lines
        QGuiApplication.clipboard().setText("\n".join(map(self._lines.spoken, chosen)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        following = self._following
        super().resizeEvent(event)
        self._following = following
        self._follow()

    def _scrolled(self, value: int) -> None:
        self._following = value >= self.verticalScrollBar().maximum() - NEAR_END

    def _follow(self) -> None:
        if self._following:
            self.scrollToBottom()


class ChatView(QFrame):
    """The panel: a heading, the list, or a hint while it is empty."""

    def __init__(self, model: ChatModel, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAccessibleName(self.tr("Transcript panel"))
        self.model = model
        self.list = ChatList(model, theme)
        self.copy_button = IconButton(theme, Glyph.COPY, self.tr("Copy the conversation"))
        self.copy_button.clicked.connect(self.list.copy)
        heading = QHBoxLayout()
        heading.setContentsMargins(2 * UNIT + 2, 0, UNIT, 0)
        title = QLabel(self.tr("Conversation"))
        title.setObjectName("heading")
        heading.addWidget(title)
        heading.addStretch()
        heading.addWidget(self.copy_button)
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self._empty())
        self._stack.addWidget(self.list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, UNIT, 0, UNIT)
        column.setSpacing(UNIT // 2)
        column.addLayout(heading)
        column.addWidget(body)
        for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset):
            signal.connect(self._show_what_there_is)
        self._show_what_there_is()

    def name_avatar(self, name: str) -> None:
        """Change the avatar's name."""
        self.model.name_avatar(name)
        self.list.delegate.avatar = name
        self.list.viewport().update()

    def _empty(self) -> QLabel:
        label = QLabel(self.tr("Your conversation will appear here."))
        label.setObjectName("empty")
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setWordWrap(True)
        return label

    def _show_what_there_is(self) -> None:
        filled = self.model.rowCount() > 0
        self._stack.setCurrentIndex(1 if filled else 0)
        self.copy_button.setEnabled(filled)
