"""The layout of the history page: list and reader, or a message."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QWidget

from avatar_app.ui.style.theme import UNIT

LIST_SHARE, READER_SHARE = 2, 3
NARROWEST_LIST = 30 * UNIT


class HistoryPanes(QStackedWidget):
    """The list and the reader side by side; a sentence where there is nothing to list."""

    def __init__(self, list: QWidget, reader: QWidget) -> None:
        super().__init__()
        self.sentence = QLabel()
        self.sentence.setObjectName("empty")
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sentence.setWordWrap(True)
        self._both = QWidget()
        row = QHBoxLayout(self._both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * UNIT)
        list.setMinimumWidth(NARROWEST_LIST)
        row.addWidget(list, LIST_SHARE)
        row.addWidget(reader, READER_SHARE)
        self.addWidget(self.sentence)
        self.addWidget(self._both)

    def show_sentence(self, sentence: str) -> None:
        """Show it; an empty one gives way to the panes."""
        self.sentence.setText(sentence)
        self.setCurrentWidget(self.sentence if sentence else self._both)
