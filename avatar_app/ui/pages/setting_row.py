"""A setting in a form: title, help, editor, and a reset button."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QLocale, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from avatar_app.settings.forms import FieldType, SettingField
from avatar_app.settings.presentation import Effect
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.editors import ChoiceEditor, Editor, SwitchEditor, TextEditor
from avatar_app.ui.pages.number_editor import NumberEditor
from avatar_app.ui.style.assets import Glyph, icon
from avatar_app.ui.style.stylesheet import mark
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.margins import margins

RESET = 4 * UNIT
NARROW, NARROWEST = 70 * UNIT, 56 * UNIT
"""Widths below which help has a line of its own, and below which the editor has one, too."""
LAST = 4
"""The row of the grid that takes what room is left."""


class SettingRow(QWidget):
    """Reports the user's choice; shows the store's value."""

    chosen = Signal(str, object)
    """Emitted with a setting's name and its new value."""
    reset_wanted = Signal(str)

    def __init__(self, field: SettingField, theme: Theme) -> None:
        super().__init__()
        self._theme, self.field = theme, field
        self.setObjectName("settingRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title, self.help, self.problem = QLabel(field.title), QLabel(), QLabel()
        self._loading = False
        self.title.setObjectName("settingTitle")
        self.help.setObjectName("settingHelp")
        self.problem.setObjectName("settingProblem")
        self.problem.hide()
        self._grid = QGridLayout(self)
        self._lines = 0
        """On which texts and editor stand."""
        self.editor = self._new_editor(field)
        self.reset_button = QToolButton()
        self.reset_button.setFixedSize(RESET, RESET)
        self.reset_button.setIconSize(QSize(18, 18))
        self.reset_button.clicked.connect(lambda: self.reset_wanted.emit(self.field.name))
        self._lay_out()
        theme.changed.connect(self._paint_icon)
        self.show_field(field)

    def show_field(self, field: SettingField) -> None:
        """Show the field's value and whether it is the default."""
        self.field = field
        self.problem.hide()
        self.editor.show_field(field)
        self.help.setText(self._about(field))
        mark(self.title, "modified", field.modified)
        self.title.setToolTip(f"{field.name}\n{field.place}".strip())
        keep = self.reset_button.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.reset_button.setSizePolicy(keep)
        self.reset_button.setVisible(field.modified)
        name = self.tr("Reset {} to {}").format(field.title, _shown(field, field.default))
        self.reset_button.setAccessibleName(name)
        self.reset_button.setToolTip(name)

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """Return what Tab stops at, in order."""
        slider = self.editor.slider if isinstance(self.editor, NumberEditor) else None
        parts = (slider, self.editor.control, self.reset_button)
        return tuple(each for each in parts if each is not None)

    def show_problem(self, text: str) -> None:
        """Show why the value was rejected, and restore the valid one."""
        self.editor.show_field(self.field)
        self.problem.setText(text)
        self.problem.show()

    def show_loading(self, *, loading: bool) -> None:
        """Show whether the engine that it chooses is being loaded."""
        if loading != self._loading:
            self._loading = loading
            self.help.setText(self._about(self.field))
            self.editor.control.setAccessibleDescription(self.help.text())

    def _new_editor(self, field: SettingField) -> Editor:
        editor = editor_for(field, self._theme)
        editor.control.setAccessibleName(f"{field.section}: {field.title}")
        editor.control.setAccessibleDescription(field.help)
        editor.control.setToolTip(field.help or field.title)
        if isinstance(editor, NumberEditor) and editor.slider is not None:
            editor.slider.setAccessibleName(f"{field.section}: {field.title}")
            editor.slider.setToolTip(field.help or field.title)
        editor.changed.connect(lambda value: self.chosen.emit(self.field.name, value))
        return editor

    def _about(self, field: SettingField) -> str:
        if self._loading:
            return f"{field.help} {self.tr('Loading …')}".strip()
        if field.effect is Effect.NEXT_START:
            return f"{field.help} {self.tr('Takes effect at the next start.')}"
        return field.help

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = event.size().width() / self._theme.text_scale
        self._arrange(1 if width >= NARROW else 2 if width >= NARROWEST else 3)

    def _lay_out(self) -> None:
        for label in (self.title, self.help, self.problem):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setBuddy(self.editor.control)  # a screen reader reads it before a choice
        self._grid.setContentsMargins(margins(2 * UNIT, 12, UNIT, 12))
        self._grid.setHorizontalSpacing(UNIT)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnMinimumWidth(1, UNIT)
        self._grid.setRowStretch(LAST, 1)
        self._arrange(1)
        self._paint_icon()

    def _arrange(self, lines: int) -> None:
        """Put the editor beside all texts, or only the title where help would be a thin column, or
        below it where there is no room beside it."""
        if lines == self._lines:
            return
        self._lines = lines
        grid, middle = self._grid, Qt.AlignmentFlag.AlignVCenter
        for widget in (self.title, self.help, self.problem, self.editor, self.reset_button):
            grid.removeWidget(widget)
        texts, rows = (1, LAST + 1) if lines == 1 else (4, 1)
        below = lines - 2 if lines > 1 else 0
        grid.addWidget(self.title, 0, 0, 1, 4 if below else 1)
        grid.addWidget(self.editor, below, 2, rows, 1, middle)
        grid.addWidget(self.reset_button, below, 3, rows, 1, middle)
        grid.addWidget(self.help, below + 1, 0, 1, texts)
        grid.addWidget(self.problem, below + 2, 0, 1, texts)

    def _paint_icon(self) -> None:
        self.reset_button.setIcon(icon(Glyph.UNDO, self._theme.palette.text_dim, 18))


def link_rows(rows: Iterable[SettingRow]) -> None:
    """Let Tab go from each row to the next."""
    for before, after in pairwise(stop for row in rows for stop in row.stops):
        QWidget.setTabOrder(before, after)


def shown_value(field: SettingField) -> str:
    """Return the field's value as readable text."""
    return _shown(field, field.value)


def _shown(field: SettingField, value: Any) -> str:
    titles = {choice.value: choice.title for choice in field.choices}
    match value:
        case _ if isinstance(value, str) and value in titles:
            return titles[value]
        case None:
            return translated("automatic")
        case True | False:
            return translated("on") if value else translated("off")
        case list() | tuple():
            return ", ".join(str(each) for each in value) or translated("none")
        case int() | float():
            return f"{QLocale().toString(float(value), 'g', 6)} {field.unit}".strip()
    return f"{value} {field.unit}".strip()


def editor_for(field: SettingField, theme: Theme) -> Editor:
    """Return the editor of a field's type, showing its value."""
    match field.type:
        case FieldType.BOOLEAN:
            editor: Editor = SwitchEditor(theme)
        case FieldType.CHOICE:
            editor = ChoiceEditor(theme)
        case FieldType.TEXT if field.choices:
            editor = ChoiceEditor(theme)
        case FieldType.INTEGER | FieldType.NUMBER:
            editor = NumberEditor(field)
        case _:
            editor = TextEditor()
    editor.show_field(field)
    return editor
