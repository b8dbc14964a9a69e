"""Every text that a person can see in a window, or that a screen reader reads."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)


def visible_texts(root: QWidget) -> Iterator[tuple[str, str]]:
    """Yield each text with the kind of place it stands in."""
    for widget in (root, *root.findChildren(QWidget)):
        if widget.isVisibleTo(root) and not _inside_a_list(widget):
            yield from ((f"{type(widget).__name__}: {place}", t) for place, t in _texts(widget))


def _inside_a_list(widget: QWidget) -> bool:
    """Parts of a combo box's own list and of scroll bars are Qt's."""
    return widget.metaObject().className().startswith(("QComboBoxPrivate", "QComboBoxList"))


def _texts(widget: QWidget) -> Iterator[tuple[str, str]]:
    yield "tip", widget.toolTip()
    yield "name", widget.accessibleName()
    yield "description", widget.accessibleDescription()
    match widget:
        case QLabel() | QAbstractButton():
            yield "text", widget.text()
        case QLineEdit() | QPlainTextEdit():
            yield "placeholder", widget.placeholderText()
        case QComboBox():
            for row in range(widget.count()):
                yield "choice", widget.itemText(row)
                yield "choice's tip", str(widget.itemData(row, Qt.ItemDataRole.ToolTipRole) or "")
        case QAbstractItemView() if widget.model() is not None:
            yield from _rows(widget.model())


def _rows(model: QAbstractItemModel) -> Iterator[tuple[str, str]]:
    for row in range(model.rowCount(QModelIndex())):
        index = model.index(row, 0)
        yield "row", str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        yield "row's tip", str(index.data(Qt.ItemDataRole.ToolTipRole) or "")
