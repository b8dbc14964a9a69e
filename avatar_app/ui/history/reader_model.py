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
    earlier_wanted = Signal(int)
    """The turns before the one with this number."""

    def __init__(self, avatar: str) -> None:
        super().__init__(avatar)
        self._numbers: list[int] = []
        """Of each line: that of its turn."""
        self._complete = True
        self._waiting = False
        self._begins = True
        """Nothing comes before the first line."""

    def begin(self, turns: Sequence[StoredTurn], *, at_start: bool = True) -> None:
        """Show turns of a conversation; `at_start`: the first ones."""
        self._begins = at_start
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

    def prepend(self, turns: Sequence[StoredTurn]) -> None:
        """Show earlier turns; where there are none, nothing came before."""
        self._waiting = False
        self._begins = len(turns) < PAGE
        lines = [(each.number, line) for each in turns for line in earlier_lines([each.turn])]
        if lines:
            self.beginInsertRows(QModelIndex(), 0, len(lines) - 1)
            self._lines[:0] = [line for _, line in lines]
            self._numbers[:0] = [number for number, _ in lines]
            self.endInsertRows()

    def want_earlier(self) -> None:
        """The view has come to its beginning."""
        if self._numbers and not (self._begins or self._waiting):
            self._waiting = True
            self.earlier_wanted.emit(self._numbers[0])

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
