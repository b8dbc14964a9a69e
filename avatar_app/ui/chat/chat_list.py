"""A list of transcript lines: follows its end, copies as text, lets the last words be corrected."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QListView

from avatar_app.ui.chat.delegate import ChatDelegate
from avatar_app.ui.chat.model import ChatModel
from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.style.theme import UNIT, Theme

NEAR_END = 24
"""Pixels from the end within which the view follows what is added."""


class ChatList(QListView):
    """A list that follows its end and copies as text."""

    def __init__(self, model: ChatModel, theme: Theme, *, follows: bool = True) -> None:
        super().__init__()
        self._lines = model
        self._following = self._follows = follows
        self.delegate = ChatDelegate(theme, model.avatar)
        self.setModel(model)
        self.setItemDelegate(self.delegate)
        self.setObjectName("chat")
        keep_translated(self, lambda: self.setAccessibleName(self.tr("Transcript")))
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(
            QListView.EditTrigger.EditKeyPressed | QListView.EditTrigger.DoubleClicked
        )
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

    def name_avatar(self, name: str) -> None:
        """Change the avatar's name."""
        self._lines.name_avatar(name)
        self.delegate.avatar = name
        self.viewport().update()

    def copy(self) -> None:
        """Put the selected lines, or all if none is selected, on the clipboard."""
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
        """Follow the end once the user is there; a list that is being laid out has no range for a
        moment, which says nothing about the user."""
        if self.verticalScrollBar().maximum() == 0:
            return
        self._following = self._follows and value >= self.verticalScrollBar().maximum() - NEAR_END

    def _follow(self) -> None:
        if self._following:
            self.scrollToBottom()
