"""Words and a language that leave the voices which match."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from avatar_app.session.voice_gallery import VoiceList
from avatar_app.ui.pages.editors import ChoiceBox
from avatar_app.ui.pages.search_field import SearchField
from avatar_app.ui.pages.voice_row import VoiceRow, language_name, language_of
from avatar_app.ui.style.theme import UNIT, Theme


class VoiceFilter(QWidget):
    """A search field and a list of languages."""

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.search_field = SearchField(
            self.tr("Search the voices"),
            self.tr("Search the voices"),
            self.tr("Words in name, engine or language"),
        )
        self.language_box = ChoiceBox(theme)
        self.language_box.setAccessibleName(self.tr("Language"))
        self.language_box.setToolTip(self.tr("Show voices that speak this language"))
        self.language_box.setObjectName("filter")
        self.language_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.language_box.setMinimumWidth(20 * UNIT)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT)
        row.addWidget(self.search_field, 1)
        row.addWidget(self.language_box)
        self.search_field.textChanged.connect(self.changed)
        self.language_box.activated.connect(self.changed)

    def show_languages(self, found: VoiceList) -> None:
        """Offer those that some voice speaks; voices that speak any match each."""
        tags = {language_of(tag) for voice in found.voices for tag in voice.languages}
        chosen = self.language_box.currentData()
        self.language_box.clear()
        self.language_box.addItem(self.tr("All languages"), "")
        for name, tag in sorted((language_name(tag), tag) for tag in tags):
            self.language_box.addItem(name, tag)
        self.language_box.setCurrentIndex(max(0, self.language_box.findData(chosen)))

    def matches(self, row: VoiceRow) -> bool:
        """Whether the voice has all words, and the language."""
        words = self.search_field.text().casefold().split()
        language = self.language_box.currentData() or ""
        speaks = not language or language in {language_of(tag) for tag in row.voice.languages}
        return speaks and all(word in row.searchable for word in words)
