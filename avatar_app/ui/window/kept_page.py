"""A page that is kept while others are shown: it changes its colors when it is shown again."""

from __future__ import annotations

from dataclasses import replace

from avatar_app.ui.pages.index import PageEntry
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.style.stylesheet import dress


class KeptPage:
    """A page with a theme and a style sheet of its own."""

    def __init__(self, entry: PageEntry, context: PageContext) -> None:
        self._window_theme, self._theme = context.theme, context.theme.twin()
        self.id = entry.id
        self.view = entry.load()(replace(context, theme=self._theme))

    def follow_theme(self) -> None:
        """Look as the window does now."""
        self._theme.follow(self._window_theme)
        dress(self.view, self._theme)
