"""A form of setting rows in cards, one card for each section. Rows are created once for each page
of the settings, and shown, hidden and filled from then on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from avatar_app.settings.forms import SettingField
from avatar_app.settings.presentation import Page
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.scrolling import mark_first
from avatar_app.ui.pages.setting_row import SettingRow, link_rows
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.margins import margins


class _Section(QWidget):
    """A heading and a card of rows."""

    def __init__(self, fields: Sequence[SettingField], theme: Theme) -> None:
        super().__init__()
        self.rows = {field.name: SettingRow(field, theme) for field in fields}
        self._page, self._title = translated(fields[0].page), fields[0].section
        self._heading = QLabel(self._title)
        self._heading.setObjectName("section")
        card = QFrame()
        card.setObjectName("formCard")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        for row in self.rows.values():
            inside.addWidget(row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, UNIT)
        column.setSpacing(UNIT)
        column.addWidget(self._heading)
        column.addWidget(card)

    def show_only(self, names: Collection[str], *, with_page: bool) -> None:
        """Show some of the rows, and hide the section if it has none of them."""
        shown = [row for name, row in self.rows.items() if name in names]
        named = with_page and self._page != self._title
        self._heading.setText(f"{self._page} · {self._title}" if named else self._title)
        for row in self.rows.values():
            row.setVisible(row in shown)
            mark_first(row, first=bool(shown) and row is shown[0])
        self.setVisible(bool(shown))


class _PageGroup(QWidget):
    """All sections of a page."""

    def __init__(self, fields: Sequence[SettingField], theme: Theme) -> None:
        super().__init__()
        self.layout_of = _layout_of(fields)
        self.sections = [
            _Section(list(part), theme) for _, part in groupby(fields, lambda f: f.section)
        ]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for section in self.sections:
            column.addWidget(section)
        self.rows = {name: row for each in self.sections for name, row in each.rows.items()}
        link_rows(self.rows.values())


class SettingsForm(QScrollArea):
    """Shows fields; keeps focus and scroll position while only values change."""

    chosen = Signal(str, object)
    reset_wanted = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._groups: dict[Page, _PageGroup] = {}
        self.rows: dict[str, SettingRow] = {}
        """Those on show."""
        body = QWidget()
        body.setObjectName("formBody")
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(margins(0, 0, 2 * UNIT, 10 * UNIT))
        self._column.setSpacing(0)
        self._places = {page: QVBoxLayout() for page in Page}
        for place in self._places.values():
            self._column.addLayout(place)
        self._nothing = QLabel(self.tr("No setting matches. Try fewer words."))
        self._nothing.setObjectName("empty")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setMinimumHeight(20 * UNIT)
        self._column.addWidget(self._nothing)
        self._column.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Settings"))

    def show_fields(
        self, fields: Sequence[SettingField], names: Collection[str], *, with_pages: bool = False
    ) -> None:
        """Show the fields with these names, under the titles of their sections."""
        self.rows = {}
        for page, on_page in _by_page(fields).items():
            wanted = [field.name for field in on_page if field.name in names]
            if wanted:
                self._fill(self._group(page, on_page), on_page, wanted, with_pages=with_pages)
            elif page in self._groups:
                self._groups[page].hide()
        self._nothing.setVisible(not self.rows)

    def prepare_one(self, fields: Sequence[SettingField]) -> bool:
        """Create the hidden rows of one more page; returns False if all exist."""
        for page, on_page in _by_page(fields).items():
            if page not in self._groups:
                self._group(page, on_page).hide()
                return True
        return False

    def show_problem(self, name: str, text: str) -> None:
        """Show below a row why its value was rejected."""
        if row := self.rows.get(name):
            row.show_problem(text)
            self.ensureWidgetVisible(row)

    def _fill(
        self,
        group: _PageGroup,
        fields: Sequence[SettingField],
        names: Collection[str],
        *,
        with_pages: bool,
    ) -> None:
        for field in fields:
            row = group.rows[field.name]
            if field != row.field:
                row.show_field(field)
        for section in group.sections:
            section.show_only(names, with_page=with_pages)
        self.rows |= {name: group.rows[name] for name in names}
        group.show()

    def _group(self, page: Page, fields: Sequence[SettingField]) -> _PageGroup:
        """Return the page's rows; recreated where its settings have changed."""
        former = self._groups.get(page)
        if former is not None and former.layout_of == _layout_of(fields):
            return former
        focused = ""
        if former is not None:
            rows = former.rows.items()
            focused = next((name for name, row in rows if row.editor.control.hasFocus()), "")
            self._places[page].removeWidget(former)
            former.hide()
            former.deleteLater()
        group = self._groups[page] = _PageGroup(fields, self._theme)
        for row in group.rows.values():
            row.chosen.connect(self.chosen)
            row.reset_wanted.connect(self.reset_wanted)
        self._places[page].addWidget(group)
        if focused in group.rows:
            group.rows[focused].editor.control.setFocus()
        return group


def _layout_of(fields: Sequence[SettingField]) -> list[tuple[str, str, int]]:
    return [(field.name, field.section, len(field.choices)) for field in fields]


def _by_page(fields: Sequence[SettingField]) -> dict[Page, list[SettingField]]:
    pages: dict[Page, list[SettingField]] = {}
    for field in fields:
        pages.setdefault(field.page, []).append(field)
    return pages
