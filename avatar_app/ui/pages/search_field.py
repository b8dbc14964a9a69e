"""The field in a page's heading that finds things by words."""

from __future__ import annotations

from PySide6.QtWidgets import QToolButton

from avatar_app.ui.pages.editors import LineEdit


class SearchField(LineEdit):
    """Esc in the page clears it; so does the button in it."""

    def __init__(self, name: str, tip: str, placeholder: str = "") -> None:
        super().__init__()
        self.setObjectName("search")
        self.setPlaceholderText(placeholder or name)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setClearButtonEnabled(True)
        for button in self.findChildren(QToolButton):
            button.setAccessibleName(self.tr("Clear the search"))
            button.setToolTip(self.tr("Clear the search  (Esc)"))

    def leave(self) -> bool:
        """Clear it; False if there is nothing to clear."""
        searching = bool(self.text())
        self.clear()
        return searching
