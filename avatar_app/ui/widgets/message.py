"""A message, a hint below it, and a progress bar: the common parts of cards and notices."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar

PROGRESS_STEPS = 1000
"""Steps of a progress bar."""


def message_and_hint() -> tuple[QLabel, QLabel]:
    """Return two labels of plain text that wraps: a message in bold, and a hint."""
    message, hint = QLabel(), QLabel()
    message.setObjectName("noticeMessage")
    hint.setObjectName("noticeHint")
    for label in (message, hint):
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
    return message, hint


def progress_bar() -> QProgressBar:
    """Return a bar of PROGRESS_STEPS without text."""
    bar = QProgressBar()
    bar.setRange(0, PROGRESS_STEPS)
    bar.setTextVisible(False)
    return bar
