"""Rows with a check mark: one of several choices, or any number of them."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QPushButton

from avatar_app.ui.style.assets import Glyph, icon
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.widgets.toggle import CheckableButton

_MARK = 16
"""Size of the check mark in pixels."""


def check_row(title: str, name: str, tip: str, *, checked: bool) -> QPushButton:
    """Return a row; `name` is for screen readers, `tip` its tooltip."""
    row = CheckableButton(title)
    row.setObjectName("choice")
    row.setChecked(checked)
    row.setIconSize(QSize(_MARK, _MARK))
    row.setAccessibleName(name)
    row.setToolTip(tip)
    return row


def paint_checks(rows: Iterable[QPushButton], theme: Theme) -> None:
    """Draw the check marks of checked rows in the theme's accent color."""
    for row in rows:
        shade = theme.palette.accent if row.isChecked() else "transparent"
        row.setIcon(icon(Glyph.CHECK, shade, _MARK))
