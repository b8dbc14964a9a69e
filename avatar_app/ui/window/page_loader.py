"""Loads what pages consist of before they are opened, outside the window's thread."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, QTimer

from avatar_app.ui.pages.index import PageEntry
from avatar_app.ui.qt.work import Work

LOAD_MS = 4000
"""After the start, when the conversation has begun."""


class PageLoader(QTimer):
    """Loads all pages once, unless it is stopped before."""

    def __init__(self, parent: QObject, entries: Iterable[PageEntry], work: Work) -> None:
        super().__init__(parent)
        self._entries, self._work = entries, work
        self.setSingleShot(True)
        self.timeout.connect(self._load)
        self.start(LOAD_MS)

    def _load(self) -> None:
        for entry in self._entries:
            self._work.run(entry.load)
