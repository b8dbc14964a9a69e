"""Margins follow the direction of reading."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMargins, Qt
from PySide6.QtWidgets import QApplication

from avatar_app.ui.widgets.margins import margins


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        (Qt.LayoutDirection.LeftToRight, QMargins(1, 2, 3, 4)),
        (Qt.LayoutDirection.RightToLeft, QMargins(3, 2, 1, 4)),
    ],
)
def test_margins_start_on_the_left_or_right_by_layout_direction(
    qapp: QApplication, direction: Qt.LayoutDirection, expected: QMargins
) -> None:
    before = qapp.layoutDirection()
    qapp.setLayoutDirection(direction)
    try:
        assert margins(1, 2, 3, 4) == expected
    finally:
        qapp.setLayoutDirection(before)
