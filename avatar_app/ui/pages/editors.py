"""Editors for switches, choices and text in a form; number_editor.py has the one for numbers."""

from __future__ import annotations

from typing import Any, cast

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QStyledItemDelegate,
    QWidget,
)

from avatar_app.settings.forms import FieldType, SettingField
from avatar_app.ui.language.translator import is_right_to_left
from avatar_app.ui.style.assets import Glyph, pixmap
from avatar_app.ui.style.theme import UNIT, Theme

WIDTH = 31 * UNIT
CHEVRON = 18


class Editor(QWidget):
    """Shows a value and reports the user's choice."""

    changed = Signal(object)

    def __init__(self, control: QWidget) -> None:
        super().__init__()
        self.control = control
        """What takes the focus."""
        self.setFixedWidth(WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT)
        control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_field(self, field: SettingField) -> None:
        """Show the field's value."""
        raise NotImplementedError

    def add(self, *widgets: QWidget, stretch: int = 0) -> None:
        """Lay out widgets in a row."""
        for widget in widgets:
            cast("QHBoxLayout", self.layout()).addWidget(widget, stretch)


class LineEdit(QLineEdit):
    """A line edit with undo while typing; afterwards Ctrl+Z belongs to the page, which undoes
    settings."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            undoes = event.matches(QKeySequence.StandardKey.Undo) and not self.isUndoAvailable()
            redoes = event.matches(QKeySequence.StandardKey.Redo) and not self.isRedoAvailable()
            if undoes or redoes:
                event.ignore()
                return True
        return super().event(event)


class Switch(QCheckBox):
    """A check box that looks like a switch."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(48, 28)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, _position: Any) -> bool:
        return True

    def paintEvent(self, _event: QPaintEvent) -> None:
        palette = self._theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.accent if self.isChecked() else palette.text_faint))
        painter.drawRoundedRect(2, 2, 44, 24, 12, 12)
        painter.setBrush(QColor("#ffffff"))
        painter.drawEllipse(25 if self.isChecked() else 5, 5, 18, 18)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(palette.focus))
            painter.drawRoundedRect(0, 0, 47, 27, 14, 14)
        painter.end()


class SwitchEditor(Editor):
    """On or off."""

    def __init__(self, theme: Theme) -> None:
        self._switch = Switch(theme)
        super().__init__(self._switch)
        cast("QHBoxLayout", self.layout()).addStretch(1)
        self.add(self._switch)
        self._switch.toggled.connect(lambda on: self.changed.emit(on))

    def show_field(self, field: SettingField) -> None:
        with QSignalBlocker(self._switch):
            self._switch.setChecked(bool(field.value))


class ChoiceBox(QComboBox):
    """A combo box that ignores the scroll wheel."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setItemDelegate(QStyledItemDelegate(self))  # or the list ignores the style sheet
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        shade = self._theme.palette.text_dim
        mark = pixmap(Glyph.CHEVRON, shade, CHEVRON, self.devicePixelRatioF())
        left = 8 if is_right_to_left() else self.width() - CHEVRON - 8
        painter.drawPixmap(left, (self.height() - CHEVRON) // 2, mark)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ChoiceEditor(Editor):
    """An editor for one of several values."""

    def __init__(self, theme: Theme) -> None:
        self._box = ChoiceBox(theme)
        super().__init__(self._box)
        self._box.setMaxVisibleItems(12)
        self.add(self._box, stretch=1)
        self._box.activated.connect(lambda index: self.changed.emit(self._box.itemData(index)))

    def show_field(self, field: SettingField) -> None:
        choices = [(choice.value, choice.title, choice.help) for choice in field.choices]
        if field.optional:
            choices.insert(0, (None, self.tr("System default"), ""))
        values = [value for value, _, _ in choices]
        if field.value not in values:  # for example an unplugged device
            choices.append((field.value, str(field.value), ""))
            values.append(field.value)
        with QSignalBlocker(self._box):
            self._box.clear()
            for index, (value, title, about) in enumerate(choices):
                self._box.addItem(title, value)
                self._box.setItemData(index, about or None, Qt.ItemDataRole.ToolTipRole)
            self._box.setCurrentIndex(values.index(field.value))


class TextEditor(Editor):
    """An editor for a line of text, or several words separated by commas."""

    def __init__(self) -> None:
        self._line = LineEdit()
        super().__init__(self._line)
        self._field: SettingField | None = None
        self.add(self._line, stretch=1)
        self._line.editingFinished.connect(self._finish)

    def show_field(self, field: SettingField) -> None:
        self._field = field
        self._line.setText(self._text(field.value))
        self._line.setCursorPosition(0)
        self._line.setPlaceholderText(self.tr("Automatic") if field.optional else "")

    def _text(self, value: Any) -> str:
        if isinstance(value, (list, tuple)):
            return ", ".join(str(each) for each in value)
        return "" if value is None else str(value)

    def _finish(self) -> None:
        field, text = self._field, self._line.text().strip()
        if field is None or text == self._text(field.value):
            return
        if field.type is FieldType.LIST:
            self.changed.emit([word.strip() for word in text.split(",") if word.strip()])
        else:
            self.changed.emit(text if text or not field.optional else None)
