"""The rows of the list of conversations: headings of days, and conversations below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from avatar_app.storage.conversations import ConversationSummary
from avatar_app.ui.history.dates import group_title, length, short_time

ROW_ROLE = Qt.ItemDataRole.UserRole + 1

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation as it is drawn."""

    summary: ConversationSummary
    when: str
    """Time and length."""


Row = str | ConversationRow
"""A heading, or a conversation."""


class ConversationListModel(QAbstractListModel):
    """Set as a whole, as a search does."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []

    def show_conversations(self, found: Sequence[ConversationSummary], today: date) -> None:
        """Show these, in their order."""
        self.beginResetModel()
        self._rows = []
        heading = ""
        for summary in found:
            ended = summary.ended.astimezone()
            title = group_title(ended, today, pinned=summary.pinned)
            if title != heading:
                self._rows.append(title)
                heading = title
            parts = (short_time(ended, today), length(summary.seconds))
            self._rows.append(ConversationRow(summary, "  ·  ".join(filter(None, parts))))
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row if isinstance(row, str) else f"{row.summary.title}, {row.when}"
        if role == Qt.ItemDataRole.AccessibleDescriptionRole and isinstance(row, ConversationRow):
            return row.summary.passage.text
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Headings cannot be chosen."""
        if isinstance(self.data(index, ROW_ROLE), str):
            return Qt.ItemFlag.ItemNeverHasChildren
        return super().flags(index)

    def summary_at(self, index: Index) -> ConversationSummary | None:
        row = self.data(index, ROW_ROLE)
        return row.summary if isinstance(row, ConversationRow) else None

    def row_of(self, id: int | None) -> int | None:
        """Where a conversation stands."""
        return next(
            (row for row, of in enumerate(self._ids()) if of is not None and of == id), None
        )

    def first_row(self) -> int | None:
        """Where the first conversation stands."""
        return next((row for row, of in enumerate(self._ids()) if of is not None), None)

    def _ids(self) -> list[int | None]:
        return [None if isinstance(row, str) else row.summary.id for row in self._rows]
