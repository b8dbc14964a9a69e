"""Tiles in rows: as many columns as there is room for, walked through by arrow keys."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from avatar_app.ui.pages.avatars.tile_face import NAMES
from avatar_app.ui.style.theme import UNIT

NARROWEST = 17 * UNIT
"""Least width of a tile."""
GAP = UNIT


class TileGrid(QWidget):
    """Places its tiles itself; its height follows its width."""

    def __init__(self) -> None:
        super().__init__()
        self.tiles: list[QWidget] = []

    def fill(self, tiles: Sequence[QWidget]) -> None:
        """Show these tiles, in this order."""
        self.tiles = list(tiles)
        for tile in self.tiles:
            tile.setParent(self)
            tile.show()
        self._place()

    @property
    def columns(self) -> int:
        return max((self.width() + GAP) // (NARROWEST + GAP), 1)

    def walk(self, tile: QWidget, right: int, down: int) -> bool:
        """Move the focus from a tile; returns False at the edge."""
        target = self.tiles.index(tile) + right + down * self.columns
        if not 0 <= target < len(self.tiles):
            return False
        self.tiles[target].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        columns = self.columns
        width = (self.width() - GAP * (columns - 1)) // columns
        height = width + NAMES
        for index, tile in enumerate(self.tiles):
            row, column = divmod(index, columns)
            tile.setGeometry(column * (width + GAP), row * (height + GAP), width, height)
        rows = -(-len(self.tiles) // columns)
        self.setFixedHeight(max(rows * (height + GAP) - GAP, 0))
