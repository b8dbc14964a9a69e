"""The list of voices by engine: filtered, marked, and walked through with the arrow keys. Rows are
made a few at a time, so that nothing stalls."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from avatar_app.session.voice_gallery import InstalledVoice, VoiceList
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.scrolling import Section, mark_first, sentence
from avatar_app.ui.pages.voice_filter import VoiceFilter
from avatar_app.ui.pages.voice_row import VoiceRow
from avatar_app.ui.qt.slices import Slices
from avatar_app.ui.style.theme import UNIT, Theme


class VoiceSections(QWidget):
    """One section for each engine; the arrow keys pass from one to the next."""

    hear_wanted = Signal(object)
    use_wanted = Signal(object)
    starred = Signal(object, bool)
    """A VoiceRow was given a star, or lost it."""
    walked = Signal(QWidget)
    """An arrow key has moved the focus to a row, which should be seen."""

    def __init__(self, theme: Theme, filters: VoiceFilter) -> None:
        super().__init__()
        self._theme, self._filters = theme, filters
        self._sections: list[tuple[Section, list[VoiceRow]]] = []
        self._shown: VoiceList | None = None
        self._current: InstalledVoice | None = None
        self._heard: InstalledVoice | None = None
        self._favorites: Collection[str] = ()
        self._is_complete = False
        self.slices = Slices(self)
        """Makes the rows."""
        self.nothing = sentence(self.tr("No voice matches. Try fewer words."))
        self.nothing.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2 * UNIT)
        self._column.addWidget(self.nothing)
        filters.changed.connect(self.filter)
        filters.down_pressed.connect(lambda: self._walk(None, 1))

    @property
    def rows(self) -> list[VoiceRow]:
        """Of all voices, shown or not; some may still be missing."""
        return [row for _, rows in self._sections for row in rows]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.slices.resume()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.slices.pause()

    def show_list(self, found: VoiceList) -> bool:
        """Make the rows; False where they stay, as the same voices are installed."""
        if found == self._shown:
            return False
        self._shown = found
        for section, _ in self._sections:
            section.hide()
            section.deleteLater()
        self._sections = []
        engines: dict[str, list[InstalledVoice]] = {}
        for voice in found.voices:
            if not voice.cloned:
                engines.setdefault(voice.engine_title, []).append(voice)
        self._filters.show_languages(found)
        self.slices.begin(self._make_rows(engines))
        return True

    def _make_rows(self, engines: Mapping[str, Sequence[InstalledVoice]]) -> Iterator[None]:
        self._is_complete = False
        for title, voices in engines.items():
            section, rows = Section(translated(title)), list[VoiceRow]()
            section.hide()
            self._column.insertWidget(self._column.indexOf(self.nothing), section)
            self._sections.append((section, rows))
            for voice in voices:
                row = self._row(voice)
                row.hide()
                section.rows.addWidget(row)
                is_first = all(other.isHidden() for other in rows)
                rows.append(row)
                if self._filters.matches(row):
                    self._show_next(row, is_first=is_first)
                    section.show()
                yield
        self._is_complete = True
        self.filter()

    def _show_next(self, row: VoiceRow, *, is_first: bool) -> None:
        """Show a new row. `is_first`: of its section."""
        mark_first(row, first=is_first)
        if not self._visible():
            self._enter_by_tab(row)
        row.show()

    def mark_heard(self, voice: InstalledVoice | None) -> None:
        """Show which voice is heard now."""
        self._heard = voice
        for row in self.rows:
            row.show_heard(heard=voice is not None and row.voice == voice)

    def mark_current(self, voice: InstalledVoice | None) -> None:
        """Show which voice speaks in the conversation."""
        self._current = voice
        for row in self.rows:
            row.show_current(current=row.voice == voice)

    def mark_favorites(self, keys: Collection[str]) -> None:
        """Show which voices have a star."""
        self._favorites = keys
        for row in self.rows:
            row.show_favorite(favorite=row.key in keys)
        self.filter()

    def filter(self) -> None:
        """Show the rows that match."""
        for section, rows in self._sections:
            self._filter_section(section, rows)
        visible = self._visible()
        self.nothing.setVisible(not visible and self._is_complete)
        self._enter_by_tab(visible[0] if visible else None)

    def _filter_section(self, section: Section, rows: list[VoiceRow]) -> None:
        shown = [row for row in rows if self._filters.matches(row)]
        for row in rows:
            row.setVisible(row in shown)
            mark_first(row, first=bool(shown) and row is shown[0])
        section.setVisible(bool(shown))

    def _visible(self) -> list[VoiceRow]:
        return [row for row in self.rows if not row.isHidden()]

    def _walk(self, start: VoiceRow | None, step: int) -> None:
        rows = self._visible()
        place = rows.index(start) + step if start in rows else 0
        if 0 <= place < len(rows):
            rows[place].setFocus(Qt.FocusReason.TabFocusReason)
            self.walked.emit(rows[place])
        elif place < 0:
            self._filters.search_field.setFocus(Qt.FocusReason.BacktabFocusReason)

    def _enter_by_tab(self, entrance: VoiceRow | None) -> None:
        """One row is a stop of the Tab key, the others are reached by arrows."""
        strong, click = Qt.FocusPolicy.StrongFocus, Qt.FocusPolicy.ClickFocus
        for row in self.rows:
            row.setFocusPolicy(strong if row is entrance else click)

    def _row(self, voice: InstalledVoice) -> VoiceRow:
        row = VoiceRow(voice, self._theme)
        row.hear_wanted.connect(self.hear_wanted)
        row.use_wanted.connect(self.use_wanted)
        row.starred.connect(lambda _voice, on: self.starred.emit(row, on))
        row.left.connect(lambda step: self._walk(row, step))
        row.entered.connect(lambda: self._enter_by_tab(row))
        row.show_heard(heard=voice == self._heard)
        row.show_current(current=voice == self._current)
        row.show_favorite(favorite=row.key in self._favorites)
        return row
