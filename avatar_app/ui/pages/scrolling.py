"""A page's column that scrolls."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from avatar_app.ui.style.stylesheet import mark
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.margins import margins


class ScrollingColumn(QScrollArea):
    """Widgets below one another, as wide as there is room."""

    def __init__(self, name: str) -> None:
        super().__init__()
        body = QWidget()
        body.setObjectName("formBody")
        self.column = QVBoxLayout(body)
        self.column.setContentsMargins(margins(0, 0, 2 * UNIT, 10 * UNIT))
        self.column.setSpacing(2 * UNIT)
        self.column.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(name)

    def add(self, widget: QWidget) -> None:
        """Append a widget."""
        self.column.insertWidget(self.column.count() - 1, widget)


class Section(QWidget):
    """A heading and a card of rows."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.heading = QLabel(title)
        self.heading.setObjectName("section")
        self.card = QFrame()
        self.card.setObjectName("formCard")
        self.rows = QVBoxLayout(self.card)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(self.heading)
        column.addWidget(self.card)


def mark_first(row: QWidget, *, first: bool) -> None:
    """The first row of a card has no line above it."""
    mark(row, "first", first)


def sentence(text: str) -> QLabel:
    """A paragraph in secondary color."""
    label = QLabel(text)
    label.setObjectName("settingHelp")
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
