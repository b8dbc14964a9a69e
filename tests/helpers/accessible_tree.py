"""What a screen reader finds: a walk over the accessible objects, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QWidget

_Role = QAccessible.Role
_MEANINGLESS = {_Role.Client, _Role.NoRole, _Role.Pane, _Role.Border, _Role.Window}
_WITH_VALUE = {_Role.Slider, _Role.SpinBox, _Role.ComboBox, _Role.ProgressBar}


@dataclass(frozen=True)
class Heard:
    """One object, as a screen reader says it."""

    role: QAccessible.Role
    name: str
    description: str
    value: str
    focusable: bool
    labeled: bool
    """Another object is its label."""

    @property
    def problem(self) -> str:
        """What keeps its user from knowing what it is; empty where nothing does."""
        if not self.focusable and self.role not in _WITH_VALUE:
            return ""
        if self.role in _MEANINGLESS and not self.description:  # which says what its keys do
            return "no role"
        if self.role is _Role.ComboBox and not (self.labeled or self.description):
            return "its name is its value, and no label says what it is"
        if not self.name:
            return "no name"
        return "no value" if self.role in _WITH_VALUE and not self.value else ""


def heard(widget: QWidget) -> list[Heard]:
    """All visible objects in a widget, in their order."""
    root = QAccessible.queryAccessibleInterface(widget)
    return [_heard(each) for each in _walk(root)]


def problems(widget: QWidget) -> list[str]:
    """One line for each object that a screen reader could not announce."""
    return [f"{each.problem}: {each}" for each in heard(widget) if each.problem]


def _walk(object_: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    if object_.state().invisible:
        return
    yield object_
    for number in range(object_.childCount()):
        child = object_.child(number)
        if child is not None and child.isValid():
            yield from _walk(child)


def _heard(object_: QAccessibleInterface) -> Heard:
    text = QAccessible.Text
    value = object_.text(text.Value)
    if not value and (number := object_.valueInterface()) is not None:
        value = str(number.currentValue())
    return Heard(
        object_.role(),
        object_.text(text.Name),
        object_.text(text.Description),
        value,
        bool(object_.state().focusable) and not object_.state().disabled,
        bool(object_.relations(QAccessible.RelationFlag.Label)),
    )
