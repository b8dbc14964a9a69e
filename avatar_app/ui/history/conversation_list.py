"""The list of conversations: chosen by click and arrows; keys rename, delete and continue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QItemSelection, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QListView

from avatar_app.storage.conversations import ConversationSummary
from avatar_app.ui.history.list_delegate import ConversationDelegate
from avatar_app.ui.history.list_model import ConversationListModel
from avatar_app.ui.style.theme import UNIT, Theme


class ConversationList(QListView):
    """Reports which conversation the user chose."""

    chosen = Signal(object)
    """A `ConversationSummary`, or None."""
    read_wanted = Signal()
    rename_wanted = Signal()
    delete_wanted = Signal()
    resume_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.rows = ConversationListModel()
        self._painter = ConversationDelegate(theme)
        self._filling = False
        self.setModel(self.rows)
        self.setItemDelegate(self._painter)
        self.setObjectName("conversations")
        self.setAccessibleName(self.tr("Conversations"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.verticalScrollBar().setSingleStep(3 * UNIT)
        theme.changed.connect(self.viewport().update)

    @property
    def summary(self) -> ConversationSummary | None:
        """The conversation that is chosen."""
        return self.rows.summary_at(self.currentIndex())

    def show_conversations(
        self, found: Sequence[ConversationSummary], today: date, keep: int | None
    ) -> None:
        """Show these; `keep` stays chosen where it is among them, else the first is."""
        self._filling = True
        self.rows.show_conversations(found, today)
        row = self.rows.row_of(keep)
        if row is None:
            row = self.rows.first_row()
        if row is not None:
            self.setCurrentIndex(self.rows.index(row))
            if row <= 1:
                self.scrollToTop()  # with the heading
        self._filling = False
        self.chosen.emit(self.summary)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        if not self._filling:
            self.chosen.emit(self.summary)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        match event.key():
            case Qt.Key.Key_F2:
                self.rename_wanted.emit()
            case Qt.Key.Key_Delete:
                self.delete_wanted.emit()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if control:
                self.resume_wanted.emit()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.read_wanted.emit()
            case _:
                super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()
