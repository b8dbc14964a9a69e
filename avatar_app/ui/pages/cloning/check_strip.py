"""The checks of a recording in one line: “18 of 20 seconds · quiet room · no clipping”."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from avatar_app.ui.pages.cloning.clone_words import CloneWords, Tone
from avatar_app.ui.style.theme import Palette, Theme
from avatar_app.voices.reference import Check


class CheckStrip(QLabel):
    """Colored words; what is wrong says so in words as well."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._words = theme, CloneWords(self)
        self._checks: tuple[Check, ...] = ()
        self.setObjectName("verdict")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        theme.changed.connect(self._paint)
        self.show_checks(())

    def show_checks(self, checks: Sequence[Check]) -> None:
        """Show what was found so far; nothing hides it."""
        self._checks = tuple(checks)
        self.setVisible(bool(checks))
        self._paint()

    @property
    def plain(self) -> str:
        """What it says, without colors."""
        return " · ".join(self._words.brief(check)[0] for check in self._checks)

    def _paint(self) -> None:
        palette = self._theme.palette
        found = [self._words.brief(check) for check in self._checks]
        self.setText(
            " · ".join(
                f'<span style="color: {_shade(tone, palette)}">{escape(text)}</span>'
                for text, tone in found
            )
        )
        self.setAccessibleName(self.plain)


def _shade(tone: Tone, palette: Palette) -> str:
    match tone:
        case Tone.GOOD:
            return palette.good_text
        case Tone.BAD:
            return palette.danger
    return palette.text_dim
