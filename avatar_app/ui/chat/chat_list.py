"""A list of transcript lines: follows its end, copies as text, lets the last words be corrected."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
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
        self._place = 0
        self._laying_out = False
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

    def updateGeometries(self) -> None:
        """Keep the reader's place while a layout changes the range, which may shrink for a moment
        and would then move the view, or count as the reader going to the end."""
        self._laying_out = True
        super().updateGeometries()
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum() if self._following else self._place)
        self._laying_out = False

    def _scrolled(self, value: int) -> None:
        """Follow the end once the reader is there."""
        if not self._laying_out:
            end = self.verticalScrollBar().maximum()
            self._place = value
            self._following = self._follows and value >= end - NEAR_END
