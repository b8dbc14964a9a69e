"""Round icon buttons with an accessible name and a tooltip that shows the shortcut."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QPushButton, QToolButton

from avatar_app.ui.style.assets import Glyph, icon
from avatar_app.ui.style.theme import CONTROL, Theme
from avatar_app.ui.widgets.toggle import ClickedByToggle

ICON = 22
TAKES_SPACE = "takesSpace"
"""Property of a widget in which Space presses something, and does not talk."""
ON_PICTURE = "#ffffff"
"""Icons over the portrait are white in both themes, on a dark disc."""


def small_button(title: str, tip: str, *, primary: bool = False) -> QPushButton:
    """A button with a word on it, for rows and cards; `tip` is its accessible name as well."""
    button = QPushButton(title)
    button.setObjectName("primary" if primary else "noticeAction")
    button.setAccessibleName(tip)
    button.setToolTip(tip)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    return button


class IconButton(ClickedByToggle, QToolButton):
    """A round button. `shade` names the palette's color of its icon."""

    def __init__(
        self,
        theme: Theme,
        glyph: Glyph,
        name: str,
        shortcut: str = "",
        *,
        kind: str = "plain",
        shade: str = "text_dim",
    ) -> None:
        super().__init__()
        self._theme, self._glyph, self._shade = theme, glyph, shade
        self.setProperty("kind", kind)
        self.setFixedSize(CONTROL, CONTROL)
        self.setIconSize(QSize(ICON, ICON))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus in the text field
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.name_it(name, shortcut)
        self._paint_icon()
        theme.changed.connect(self._paint_icon)
        self.announce_toggles()

    def name_it(self, name: str, shortcut: str = "") -> None:
        """Set the button's name and tooltip."""
        keys = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
        self.setAccessibleName(name)
        self.setToolTip(f"{name}  ({keys or shortcut})" if shortcut else name)

    def wear(self, glyph: Glyph, shade: str) -> None:
        """Show another icon."""
        if (glyph, shade) != (self._glyph, self._shade):
            self._glyph, self._shade = glyph, shade
            self._paint_icon()

    def _paint_icon(self) -> None:
        shade = getattr(self._theme.palette, self._shade, ON_PICTURE)
        faint = self._theme.palette.text_faint
        self.setIcon(icon(self._glyph, shade, ICON, faint))
