"""Margins in the direction of reading: Qt mirrors the items of a layout, not its margins."""

from __future__ import annotations

from PySide6.QtCore import QMargins, Qt
from PySide6.QtGui import QGuiApplication


def margins(start: int, top: int, end: int, bottom: int) -> QMargins:
    """Return margins whose `start` is on the side where reading begins, in the window's language
    now; pages are rebuilt when that changes."""
    if QGuiApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft:
        start, end = end, start
    return QMargins(start, top, end, bottom)
