"""The hint below the greeting is broken between its parts, and no line ends with a dot."""

from __future__ import annotations

from PySide6.QtGui import QFontMetricsF

from avatar_app.ui.portrait.captions import DOT, hint_lines
from avatar_app.ui.style.assets import font

HINT = "Hold Space to talk   ·   Enter sends   ·   Esc stops the answer"
PARTS = ["Hold Space to talk", "Enter sends", "Esc stops the answer"]


def test_a_wide_hint_has_one_line(qapp) -> None:
    assert hint_lines(HINT, font(14), 10_000) == [DOT.join(PARTS)]


def test_where_it_is_broken_the_dot_is_left_out(qapp) -> None:
    two = QFontMetricsF(font(14)).horizontalAdvance(DOT.join(PARTS[:2]))
    assert hint_lines(HINT, font(14), two + 1) == [DOT.join(PARTS[:2]), PARTS[2]]
    assert hint_lines(HINT, font(14), 1) == PARTS


def test_no_hint_is_no_line(qapp) -> None:
    assert "".join(hint_lines("", font(14), 100)) == ""
