"""The contents of the settings: a list of their pages, as wide as the longest title."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from avatar_app.settings.presentation import Page
from avatar_app.ui.language.texts import translated
from avatar_app.ui.style.theme import UNIT, Theme

LEAST, MOST = 19 * UNIT, 26 * UNIT
"""Pixels of width at the usual size of text."""


class SettingsContents(QListWidget):
    """One row for each page that has settings; the first is chosen."""

    def __init__(self, pages: Iterable[Page], theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("pages")
        self.setAccessibleName(self.tr("Pages"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for page in pages:
            item = QListWidgetItem(translated(page.value), self)
            item.setData(Qt.ItemDataRole.UserRole, page)
        self.setCurrentRow(0)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:  # the titles have another size
            self._fit()
        super().changeEvent(event)

    def _fit(self) -> None:
        scale = self._theme.text_scale
        titles = self.sizeHintForColumn(0) + 2 * UNIT
        self.setFixedWidth(max(round(LEAST * scale), min(titles, round(MOST * scale))))
