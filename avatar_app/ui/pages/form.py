"""A form of setting rows in cards, one card for each section. A row is made when it is first to be
seen, and shown, hidden and filled from then on; a few at a time, those at the top first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from avatar_app.settings.forms import SettingField
from avatar_app.settings.presentation import Page
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.scrolling import mark_first
from avatar_app.ui.pages.setting_row import SettingRow
from avatar_app.ui.qt.slices import Slices
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.margins import margins

Part = TypeVar("Part")


class _Section(QWidget):
    """A heading and a card of rows."""

    def __init__(self, page: Page, title: str) -> None:
        super().__init__()
        self._page, self._title = translated(page), title
        self.rows: dict[str, SettingRow] = {}
        self._heading = QLabel(title)
        self._heading.setObjectName("section")
        card = QFrame()
        card.setObjectName("formCard")
        self._inside = QVBoxLayout(card)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, UNIT)
        column.setSpacing(UNIT)
        column.addWidget(self._heading)
        column.addWidget(card)

    def put(self, row: SettingRow, place: int) -> None:
        """Place a row below so many others."""
        self.rows[row.field.name] = row
        if self._inside.indexOf(row) != place:
            self._inside.removeWidget(row)
            self._inside.insertWidget(place, row)

    def drop(self, name: str) -> None:
        """Delete a row."""
        row = self.rows.pop(name)
        self._inside.removeWidget(row)
        row.hide()
        row.deleteLater()

    def name_page(self, *, named: bool) -> None:
        """Say on which page it is, or not."""
        named = named and self._page != self._title
        self._heading.setText(f"{self._page} · {self._title}" if named else self._title)


class SettingsForm(QScrollArea):
    """Shows fields; keeps focus and scroll position while only values change."""

    chosen = Signal(str, object)
    reset_wanted = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._sections: dict[tuple[Page, str], _Section] = {}
        self.rows: dict[str, SettingRow] = {}
        """Those on show."""
        self._loading: Collection[str] = ()
        """Settings whose engines are being loaded."""
        self._slices = Slices(self)
        self._body = QWidget()
        self._body.setObjectName("formBody")
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(margins(0, 0, 2 * UNIT, 10 * UNIT))
        self._column.setSpacing(0)
        self._places = {page: QVBoxLayout() for page in Page}
        for place in self._places.values():
            self._column.addLayout(place)
        self._nothing = QLabel(self.tr("No setting matches. Try fewer words."))
        self._nothing.setObjectName("empty")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setMinimumHeight(20 * UNIT)
        self._nothing.hide()
        self._column.addWidget(self._nothing)
        self._column.addStretch(1)
        self.setWidget(self._body)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Settings"))

    @property
    def is_complete(self) -> bool:
        """Whether there is a row for each field that is to be shown."""
        return self._slices.is_done

    def pause(self) -> None:
        """Make no row until `resume`."""
        self._slices.pause()

    def resume(self) -> None:
        """Go on with what is to be shown."""
        self._slices.resume()

    def show_fields(
        self, fields: Sequence[SettingField], names: Collection[str], *, with_pages: bool = False
    ) -> None:
        """Show the fields with these names, under the titles of their sections; the first of them
        at once."""
        if self.rows:
            self._body.setMinimumHeight(self._body.height())  # nothing moves until all is there
        self._drop_others(fields)
        self.rows = {name: row for name, row in self.rows.items() if name in names}
        self._nothing.setVisible(not names)
        self._slices.begin(self._fill(fields, names, with_pages=with_pages))

    def _fill(
        self, fields: Sequence[SettingField], names: Collection[str], *, with_pages: bool
    ) -> Iterator[None]:
        stops: list[QWidget] = []
        for page, on_page in _grouped(fields, lambda field: field.page).items():
            place = 0
            for title, within in _grouped(on_page, lambda field: field.section).items():
                section = self._sections.get((page, title))
                if section is None and any(field.name in names for field in within):
                    section = self._sections[page, title] = _Section(page, title)
                    section.hide()
                    self._places[page].insertWidget(place, section)
                if section is not None:
                    place += 1
                    section.name_page(named=with_pages)
                    yield from self._fill_section(section, within, names, stops)
        self._body.setMinimumHeight(0)

    def _fill_section(
        self,
        section: _Section,
        fields: Sequence[SettingField],
        names: Collection[str],
        stops: list[QWidget],
    ) -> Iterator[None]:
        """Show the rows with these names. `stops`: what Tab stops at before them. The first row of
        a form comes without a pause, whatever is hidden for it."""
        if not any(field.name in names for field in fields):
            section.hide()
        if section.isHidden():
            for hidden in section.rows.values():
                hidden.hide()
        place, is_first = 0, True
        for field in fields:
            row = section.rows.get(field.name)
            if field.name in names:
                row = self._row_of(section, field, place)
                mark_first(row, first=is_first)
                is_first = False
                row.show()
                for before, after in pairwise((*stops[-1:], *row.stops)):
                    QWidget.setTabOrder(before, after)
                stops += row.stops
                section.show()
                yield
            elif row is not None and not row.isHidden():
                row.hide()
                if stops:
                    yield
            place += row is not None

    def _row_of(self, section: _Section, field: SettingField, place: int) -> SettingRow:
        """Return the row of a field, filled; made again where it cannot show the field."""
        row, had_keys = section.rows.get(field.name), False
        if row is not None and _form(row.field) != _form(field):
            had_keys = row.editor.control.hasFocus()
            section.drop(field.name)
            row = None
        if row is None:
            row = SettingRow(field, self._theme)
            row.chosen.connect(self.chosen)
            row.reset_wanted.connect(self.reset_wanted)
        elif row.field != field:
            row.show_field(field)
        row.show_loading(loading=field.name in self._loading)
        section.put(row, place)
        self.rows[field.name] = row
        if had_keys:
            row.editor.control.setFocus()
        return row

    def _drop_others(self, fields: Iterable[SettingField]) -> None:
        """Delete the rows of settings that are none of these."""
        known = {(field.page, field.section, field.name) for field in fields}
        for (page, title), section in list(self._sections.items()):
            for name in [each for each in section.rows if (page, title, each) not in known]:
                section.drop(name)
                self.rows.pop(name, None)
            if not section.rows:
                self._places[page].removeWidget(section)
                section.hide()
                section.deleteLater()
                del self._sections[page, title]

    def show_loading(self, names: Collection[str]) -> None:
        """Show in the rows of these settings that their engines are being loaded."""
        self._loading = names
        for section in self._sections.values():
            for name, row in section.rows.items():
                row.show_loading(loading=name in names)

    def show_problem(self, name: str, text: str) -> None:
        """Show below a row why its value was rejected."""
        if row := self.rows.get(name):
            row.show_problem(text)
            self.ensureWidgetVisible(row)


def _form(field: SettingField) -> tuple[object, ...]:
    """Return what a row cannot change any more: two fields with the same are shown by one row."""
    plain = replace(field, value=None, default=None, modified=False, place="", choices=())
    return plain, bool(field.choices)


def _grouped(
    fields: Iterable[SettingField], key: Callable[[SettingField], Part]
) -> dict[Part, list[SettingField]]:
    """Return the fields by page or section, in their order."""
    groups: dict[Part, list[SettingField]] = {}
    for field in fields:
        groups.setdefault(key(field), []).append(field)
    return groups
