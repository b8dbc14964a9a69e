"""The sentence to read aloud, large; its words light up as they are recognized."""

from __future__ import annotations

from collections.abc import Set
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from avatar_app.ui.style.theme import Theme


class ReadSentence(QLabel):
    """Read by screen readers as a whole."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._words: list[str] = []
        self._heard: Set[int] = frozenset()
        self.setObjectName("readAloud")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setIndent(0)
        theme.changed.connect(self._paint)
        self.show_sentence("")

    def show_sentence(self, text: str) -> None:
        """Show what is to be read; none of it was heard."""
        self._words = text.split()
        self.setVisible(bool(text))
        self.setAccessibleName(self.tr("Read aloud: {}").format(text))
        self.show_heard(frozenset())

    def show_heard(self, places: Set[int]) -> None:
        """Light up the words at these places."""
        self._heard = places
        self._paint()

    @property
    def heard_words(self) -> tuple[str, ...]:
        """The words that are lit up."""
        return tuple(word for place, word in enumerate(self._words) if place in self._heard)

    def _paint(self) -> None:
        palette = self._theme.palette
        lit = f"color: {palette.good_text}; text-decoration: underline"
        plain = f"color: {palette.text}"
        self.setText(
            " ".join(
                f'<span style="{lit if place in self._heard else plain}">{escape(word)}</span>'
                for place, word in enumerate(self._words)
            )
        )
