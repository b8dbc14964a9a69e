"""Editors of a form: one widget for each type of field, alike to whoever uses them."""

from __future__ import annotations

from typing import Any, cast

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QSlider,
    QSpinBox,
    QWidget,
)

from avatar_app.settings.forms import FieldType, SettingField
from avatar_app.ui.style.assets import Glyph, pixmap
from avatar_app.ui.style.theme import UNIT, Theme

WIDTH = 31 * UNIT
REST_MS = 250
"""How long a slider or number rests until its value counts."""
CHEVRON = 18
MOST_STOPS = 1000
"""Steps of a range up to which a slider is of use."""
UNBOUNDED = 10**9


class Editor(QWidget):
    """Shows a value and reports the one that the user chose."""

    changed = Signal(object)

    def __init__(self, control: QWidget) -> None:
        super().__init__()
        self.control = control
        """What takes the focus."""
        self.setFocusProxy(control)
        self.setFixedWidth(WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT)
        control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_field(self, field: SettingField) -> None:
        """Show the field's value."""
        raise NotImplementedError

    def add(self, *widgets: QWidget, stretch: int = 0) -> None:
        """Lay widgets out, one beside the other."""
        for widget in widgets:
            cast("QHBoxLayout", self.layout()).addWidget(widget, stretch)


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


class _Choices(QComboBox):
    """Scrolling the page over it chooses nothing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        shade = self._theme.palette.text_dim
        mark = pixmap(Glyph.CHEVRON, shade, CHEVRON, self.devicePixelRatioF())
        painter.drawPixmap(self.width() - CHEVRON - 8, (self.height() - CHEVRON) // 2, mark)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ChoiceEditor(Editor):
    """One of several values."""

    def __init__(self, theme: Theme) -> None:
        self._box = _Choices(theme)
        super().__init__(self._box)
        self._box.setMaxVisibleItems(12)
        self.add(self._box, stretch=1)
        self._box.activated.connect(lambda index: self.changed.emit(self._box.itemData(index)))

    def show_field(self, field: SettingField) -> None:
        choices = [(choice.value, choice.title, choice.help) for choice in field.choices]
        if field.optional:
            choices.insert(0, (None, self.tr("System default"), ""))
        values = [value for value, _, _ in choices]
        if field.value not in values:  # a device that is unplugged, say
            choices.append((field.value, str(field.value), ""))
            values.append(field.value)
        with QSignalBlocker(self._box):
            self._box.clear()
            for index, (value, title, about) in enumerate(choices):
                self._box.addItem(title, value)
                self._box.setItemData(index, about or None, Qt.ItemDataRole.ToolTipRole)
            self._box.setCurrentIndex(values.index(field.value))


class TextEditor(Editor):
    """A line of text, or several words with commas between them."""

    def __init__(self) -> None:
        self._line = QLineEdit()
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


class _Whole(QSpinBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Decimal(QDoubleSpinBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Slider(QSlider):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class NumberEditor(Editor):
    """A number; with a slider where the range has an end on both sides. Counts when it rests."""

    def __init__(self, field: SettingField) -> None:
        whole = field.type is FieldType.INTEGER
        self._box: QSpinBox | QDoubleSpinBox = _Whole() if whole else _Decimal()
        super().__init__(self._box)
        self._step = field.step or 1
        self._low = field.min if field.min is not None else -UNBOUNDED
        high = field.max if field.max is not None else UNBOUNDED
        stops = round((high - self._low) / self._step)
        self._slider = _Slider(Qt.Orientation.Horizontal) if stops <= MOST_STOPS else None
        self._set_up(field, high)
        if self._slider is not None:
            self._slider.setMinimumHeight(3 * UNIT)
            self._slider.setRange(0, stops)
            self._slider.setPageStep(max(1, stops // 10))
            self._slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self._slider.valueChanged.connect(lambda stop: self._put(self._low + stop * self._step))
            self.add(self._slider, stretch=1)
        else:
            cast("QHBoxLayout", self.layout()).addStretch(1)
        self.add(self._box)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST_MS)
        self._timer.timeout.connect(lambda: self.changed.emit(self._box.value()))

    def _set_up(self, field: SettingField, high: float) -> None:
        box = self._box
        box.setFixedWidth(13 * UNIT)
        box.setKeyboardTracking(False)
        if isinstance(box, QSpinBox):
            box.setRange(int(self._low), int(high))
            box.setSingleStep(int(self._step))
            box.valueChanged.connect(self._moved)
        else:
            box.setDecimals(max(2, len(f"{self._step:.6f}".rstrip("0").partition(".")[2])))
            box.setRange(self._low, high)
            box.setSingleStep(self._step)
            box.valueChanged.connect(self._moved)
        box.setSuffix(f" {field.unit}" if field.unit else "")

    @property
    def slider(self) -> QSlider | None:
        return self._slider

    def show_field(self, field: SettingField) -> None:
        if self._timer.isActive():
            return  # the user is at it
        with QSignalBlocker(self._box):
            self._box.setValue(cast("int", field.value))
        self._follow(float(field.value))

    def _put(self, value: float) -> None:
        self._box.setValue(cast("int", round(value, 6) if self._is_decimal else round(value)))

    @property
    def _is_decimal(self) -> bool:
        return isinstance(self._box, QDoubleSpinBox)

    def _moved(self, value: float) -> None:
        self._follow(value)
        self._timer.start()

    def _follow(self, value: float) -> None:
        if self._slider is not None:
            with QSignalBlocker(self._slider):
                self._slider.setValue(round((value - self._low) / self._step))


def editor_for(field: SettingField, theme: Theme) -> Editor:
    """The editor of a field's type, showing its value."""
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
