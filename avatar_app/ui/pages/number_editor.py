"""An editor for numbers: a field, with a slider where the range is bounded."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QSpinBox

from avatar_app.settings.forms import FieldType, SettingField
from avatar_app.ui.language.translator import is_right_to_left
from avatar_app.ui.pages.editors import Editor, LineEdit
from avatar_app.ui.style.theme import UNIT

REST_MS = 250
"""Delay after the last change of a slider or number before the value is applied."""
MOST_STOPS = 1000
"""Maximum steps of a range for which a slider is useful."""
UNBOUNDED = 10**9


class _Whole(QSpinBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class DecimalBox(QDoubleSpinBox):
    """Writes 12 for 12.0 where it goes in whole steps; leaves the scroll wheel to the page."""

    def textFromValue(self, value: float) -> str:
        text = super().textFromValue(value)
        is_whole = value.is_integer() and self.singleStep().is_integer()
        return text.partition(self.locale().decimalPoint())[0] if is_whole else text

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class Slider(QSlider):
    """A horizontal slider that leaves the scroll wheel to the page."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setMinimumHeight(3 * UNIT)
        self.setProperty("mirrored", is_right_to_left())  # a style sheet fills the left part else

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class NumberEditor(Editor):
    """A number; with a slider where the range is bounded. Applied after a short delay."""

    def __init__(self, field: SettingField) -> None:
        whole = field.type is FieldType.INTEGER
        self._box: QSpinBox | QDoubleSpinBox = _Whole() if whole else DecimalBox()
        super().__init__(self._box)
        self._step = field.step or 1
        self._low = field.min if field.min is not None else -UNBOUNDED
        high = field.max if field.max is not None else UNBOUNDED
        stops = round((high - self._low) / self._step)
        self._slider = Slider() if stops <= MOST_STOPS else None
        self._set_up(field, high)
        if self._slider is not None:
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
        box.setFixedWidth(15 * UNIT)
        line = LineEdit()
        line.setObjectName(
            "qt_spinbox_lineedit"
        )  # Qt's name for its own child, which has no constant
        line.setTextMargins(UNIT, 0, 0, 0)
        box.setLineEdit(line)
        box.setKeyboardTracking(False)
        if isinstance(box, QSpinBox):
            box.setRange(int(self._low), int(high))
            box.setSingleStep(int(self._step))
            box.valueChanged.connect(self._moved)
        else:
            box.setDecimals(max(1, len(f"{self._step:.6f}".rstrip("0").partition(".")[2])))
            box.setRange(self._low, high)
            box.setSingleStep(self._step)
            box.valueChanged.connect(self._moved)
        box.setSuffix(f" {field.unit}" if field.unit else "")

    @property
    def slider(self) -> QSlider | None:
        return self._slider

    def show_field(self, field: SettingField) -> None:
        if self._timer.isActive():
            return  # the user is editing
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
