"""Words, a language, a sex and stars that leave the voices which match."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from avatar_app.session.voice_gallery import VoiceList
from avatar_app.ui.pages.editors import ChoiceBox
from avatar_app.ui.pages.search_field import SearchField
from avatar_app.ui.pages.voice_row import VoiceRow, language_name, language_of
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton


class VoiceFilter(QWidget):
    """A search field, lists of languages and people, and a button for those with a star."""

    changed = Signal()
    down_pressed = Signal()
    """The Down key was pressed in the search field."""

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
        self.people_box = ChoiceBox(theme)
        self.people_box.setAccessibleName(self.tr("Women or men"))
        self.people_box.setToolTip(self.tr("Show the voices of women or men, where it is known"))
        self.people_box.setObjectName("filter")
        self.people_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.people_box.setMinimumWidth(15 * UNIT)
        everybody = (self.tr("Everybody"), ""), (self.tr("Women"), "f"), (self.tr("Men"), "m")
        for title, sex in everybody:
            self.people_box.addItem(title, sex)
        self.star_button = IconButton(theme, Glyph.STAR, self.tr("Only voices with a star"))
        self.star_button.setCheckable(True)
        self.star_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT)
        row.addWidget(self.search_field, 1)
        row.addWidget(self.language_box)
        row.addWidget(self.people_box)
        row.addWidget(self.star_button)
        self.search_field.textChanged.connect(self.changed)
        self.people_box.activated.connect(self.changed)
        self.star_button.toggled.connect(lambda checked: self._show_star(checked=checked))
        self.star_button.toggled.connect(self.changed)
        down = QShortcut(QKeySequence("Down"), self.search_field)
        down.setContext(Qt.ShortcutContext.WidgetShortcut)
        down.activated.connect(self.down_pressed)
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

    def _show_star(self, *, checked: bool) -> None:
        glyph, shade = (Glyph.STARRED, "accent") if checked else (Glyph.STAR, "text_dim")
        self.star_button.wear(glyph, shade)

    def matches(self, row: VoiceRow) -> bool:
        """Whether the voice has all words, and the language."""
        words = self.search_field.text().casefold().split()
        language = self.language_box.currentData() or ""
        speaks = not language or language in {language_of(tag) for tag in row.voice.languages}
        people = self.people_box.currentData() or row.sex
        chosen = people == row.sex and (row.is_favorite or not self.star_button.isChecked())
        return chosen and speaks and all(word in row.searchable for word in words)
