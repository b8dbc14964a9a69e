"""A form of setting rows in cards, one for each section; rows stay while only values change."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from avatar_app.settings.forms import SettingField
from avatar_app.ui.pages.setting_row import SettingRow
from avatar_app.ui.style.theme import UNIT, Theme


class SettingsForm(QScrollArea):
    """Shows fields; keeps focus and place when they are shown again."""

    chosen = Signal(str, object)
    reset_wanted = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.rows: dict[str, SettingRow] = {}
        self._layout_of: list[tuple[str, str, int]] = []
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Settings"))

    def show_fields(self, fields: Sequence[SettingField], *, with_pages: bool = False) -> None:
        """Show the fields in their order, under the titles of their sections."""
        wanted = [(field.name, _heading(field, with_pages), len(field.choices)) for field in fields]
        if wanted != self._layout_of:
            self._layout_of = wanted
            self._build(fields, with_pages)
        for field in fields:
            self.rows[field.name].show_field(field)

    def show_problem(self, name: str, text: str) -> None:
        """Say below a row why its value was not taken."""
        if row := self.rows.get(name):
            row.show_problem(text)
            self.ensureWidgetVisible(row)

    def _build(self, fields: Sequence[SettingField], with_pages: bool) -> None:
        focused = next((n for n, row in self.rows.items() if row.editor.control.hasFocus()), "")
        place = self.verticalScrollBar().value() if focused else 0
        self.rows = {}
        body = QWidget()
        body.setObjectName("formBody")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 2 * UNIT, 10 * UNIT)
        column.setSpacing(UNIT)
        for title, section in groupby(fields, lambda field: _heading(field, with_pages)):
            heading = QLabel(title)
            heading.setObjectName("section")
            column.addWidget(heading)
            column.addWidget(self._card(list(section)))
            column.addSpacing(UNIT)
        if not fields:
            column.addWidget(self._nothing())
        column.addStretch(1)
        self.setWidget(body)
        for before, after in pairwise(self.rows.values()):
            QWidget.setTabOrder(before.reset_button, after.editor.control)
        if focused in self.rows:
            self.rows[focused].editor.control.setFocus()
            self.verticalScrollBar().setValue(place)

    def _card(self, fields: Sequence[SettingField]) -> QWidget:
        card = QFrame()
        card.setObjectName("formCard")
        column = QVBoxLayout(card)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for field in fields:
            row = SettingRow(field, self._theme)
            row.setProperty("first", field is fields[0])
            row.chosen.connect(self.chosen)
            row.reset_wanted.connect(self.reset_wanted)
            self.rows[field.name] = row
            column.addWidget(row)
        return card

    def _nothing(self) -> QLabel:
        label = QLabel(self.tr("No setting matches. Try fewer words."))
        label.setObjectName("empty")
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setMinimumHeight(20 * UNIT)
        return label


def _heading(field: SettingField, with_page: bool) -> str:
    if with_page and field.page.value != field.section:
        return f"{field.page.value} · {field.section}"
    return field.section
