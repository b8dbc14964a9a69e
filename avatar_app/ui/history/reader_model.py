"""The lines of a stored conversation, read in pages as the user scrolls."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Signal

from avatar_app.storage.conversations import PAGE
from avatar_app.storage.stored_turns import StoredTurn
from avatar_app.ui.chat.model import ChatModel, Index, earlier_lines


class ReaderModel(ChatModel):
    """Asks for more where the view reaches its end."""

    more_wanted = Signal(int)
    """The turns behind the one with this number."""

    def __init__(self, avatar: str) -> None:
        super().__init__(avatar)
        self._numbers: list[int] = []
        """Of each line: that of its turn."""
        self._complete = True
        self._waiting = False

    def begin(self, turns: Sequence[StoredTurn]) -> None:
        """Show the first turns of a conversation."""
        self.beginResetModel()
        self._lines, self._numbers = [], []
        self._take(turns)
        self.endResetModel()

    def extend(self, turns: Sequence[StoredTurn]) -> None:
        """Show further turns."""
        lines = sum(len(list(earlier_lines([each.turn]))) for each in turns)
        if not lines:
            self._complete = True
            return
        first = len(self._lines)
        self.beginInsertRows(QModelIndex(), first, first + lines - 1)
        self._take(turns)
        self.endInsertRows()

    def row_of(self, number: int) -> int | None:
        """The first line of a turn."""
        return next((row for row, of in enumerate(self._numbers) if of >= number), None)

    def canFetchMore(self, parent: Index) -> bool:
        return not (parent.isValid() or self._complete or self._waiting)

    def fetchMore(self, _parent: Index) -> None:
        if self._numbers:
            self._waiting = True
            self.more_wanted.emit(self._numbers[-1])

    def _take(self, turns: Sequence[StoredTurn]) -> None:
        for each in turns:
            lines = list(earlier_lines([each.turn]))
            self._lines += lines
            self._numbers += [each.number] * len(lines)
        self._complete = len(turns) < PAGE
        self._waiting = False
