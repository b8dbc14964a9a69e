"""Rows for some options of the engine in use: changed live, undone like any setting."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from avatar_app.settings.forms import SettingField, form_fields
from avatar_app.ui.pages.field_texts import in_language
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.scrolling import Section, mark_first
from avatar_app.ui.pages.setting_row import SettingRow, link_rows


class OptionRows(QWidget):
    """Those of the named options that the engine has; hidden where it has none."""

    tuned = Signal()
    """A value was chosen, by a slider when it has rested."""
    problem = Signal(object)
    """An AvatarError: the value was not taken."""

    def __init__(
        self, context: PageContext, title: str, prefix: str, names: tuple[str, ...]
    ) -> None:
        """`prefix`: the dotted name of the engine's options."""
        super().__init__()
        self._context, self._store = context, context.session.settings
        self._wanted = [f"{prefix}.{name}" for name in names]
        self._section = Section(title)
        self.rows: dict[str, SettingRow] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._section)

    def fill(self) -> None:
        """Show the values as they are now."""
        fields = {field.name: field for field in self._fields()}
        if list(fields) != list(self.rows):
            self._rebuild(fields)
        for name, row in self.rows.items():
            if fields[name] != row.field:
                row.show_field(fields[name])
        self.setVisible(bool(fields))

    def _fields(self) -> tuple[SettingField, ...]:
        found = form_fields(self._store, {}, self._context.session.manifests)
        fields = [field for field in found if field.name in self._wanted]
        return in_language(sorted(fields, key=lambda field: self._wanted.index(field.name)))

    def _rebuild(self, fields: dict[str, SettingField]) -> None:
        for row in self.rows.values():
            row.hide()
            row.deleteLater()
        self.rows = {}
        for name, field in fields.items():
            row = SettingRow(field, self._context.theme)
            mark_first(row, first=not self.rows)
            row.chosen.connect(self._choose)
            row.reset_wanted.connect(self._reset)
            self._section.rows.addWidget(row)
            self.rows[name] = row
        link_rows(self.rows.values())

    def _choose(self, name: str, value: Any) -> None:
        task = self._context.work.run(lambda: self._store.set(name, value, group=name))
        task.then(lambda _change: self.tuned.emit()).failed(self.problem.emit)

    def _reset(self, name: str) -> None:
        task = self._context.work.run(lambda: self._store.reset(name))
        task.then(lambda _change: self.tuned.emit()).failed(self.problem.emit)
