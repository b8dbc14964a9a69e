"""Labels of plain text, a message with a hint, and a progress bar: common parts of the window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QWidget

PROGRESS_STEPS = 1000
"""Steps of a progress bar."""


def plain_label(text: str = "", parent: QWidget | None = None) -> QLabel:
    """Return a label that shows any name as it is: Qt would read `<b>` in one as markup."""
    label = QLabel(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def button_text(text: str) -> str:
    """Return what a button must be given to show a text: a single `&` would underline a letter."""
    return text.replace("&", "&&")


def message_and_hint() -> tuple[QLabel, QLabel]:
    """Return two labels of plain text that wraps: a message in bold, and a hint."""
    message, hint = plain_label(), plain_label()
    message.setObjectName("noticeMessage")
    hint.setObjectName("noticeHint")
    for label in (message, hint):
        label.setWordWrap(True)
    return message, hint


def progress_bar() -> QProgressBar:
    """Return a bar of PROGRESS_STEPS without text."""
    bar = QProgressBar()
    bar.setRange(0, PROGRESS_STEPS)
    bar.setTextVisible(False)
    return bar
