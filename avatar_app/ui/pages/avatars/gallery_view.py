"""The gallery: the drawn characters and the user's avatars as tiles, their pictures on demand."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from avatar_app.session.avatar_gallery import GalleryAvatar
from avatar_app.ui.pages.avatars.new_tile import NewTile
from avatar_app.ui.pages.avatars.tile import AvatarTile
from avatar_app.ui.pages.avatars.tile_grid import TileGrid
from avatar_app.ui.style.theme import UNIT, Theme


class GalleryView(QWidget):
    """Tiles stay while their avatars are unchanged."""

    used = Signal(object)
    """Each with an AvatarTile."""
    speak_wanted = Signal(object)
    delete_wanted = Signal(object)
    menu_wanted = Signal(object)
    entered = Signal(object)
    left = Signal(object)
    rename_wanted = Signal(object, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.tiles: dict[str, AvatarTile] = {}
        self.new_tile = NewTile(theme)
        self.new_tile.moved.connect(partial(self._walk, self.new_tile))
        self.drawn_grid, self.own_grid = TileGrid(), TileGrid()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        for title, grid in (
            (self.tr("Your avatars"), self.own_grid),
            (self.tr("Drawn characters"), self.drawn_grid),
        ):
            heading = QLabel(title)
            heading.setObjectName("section")
            grid.setAccessibleName(title)
            column.addWidget(heading)
            column.addWidget(grid)
            column.addSpacing(UNIT)

    def show_avatars(self, avatars: tuple[GalleryAvatar, ...], current: str) -> list[GalleryAvatar]:
        """Show these; returns those that still need a picture."""
        tiles = {avatar.name: self._tile(avatar) for avatar in avatars}
        for name, tile in self.tiles.items():
            if tiles.get(name) is not tile:
                tile.hide()
                tile.deleteLater()
        self.tiles = tiles
        drawn = [tile for tile in tiles.values() if tile.avatar.is_drawn]
        own = [tile for tile in tiles.values() if not tile.avatar.is_drawn]
        self.own_grid.fill([self.new_tile, *own])
        self.drawn_grid.fill(drawn)
        self.show_current(current)
        return [tile.avatar for tile in tiles.values() if tile.picture is None and not tile.problem]

    def show_current(self, name: str) -> None:
        """Mark the one that is on show."""
        for tile in self.tiles.values():
            tile.show_current(current=tile.avatar.name == name)

    def tile_of(self, avatar: GalleryAvatar) -> AvatarTile | None:
        """The tile of an avatar, unless it is gone or has changed since."""
        tile = self.tiles.get(avatar.name)
        return tile if tile is not None and tile.avatar == avatar else None

    def focus_current(self, name: str) -> None:
        """Put the keys on an avatar."""
        self.tiles.get(name, self.new_tile).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _tile(self, avatar: GalleryAvatar) -> AvatarTile:
        known = self.tiles.get(avatar.name)
        if known is not None and known.avatar == avatar:
            return known
        tile = AvatarTile(avatar, self._theme)
        tile.used.connect(lambda: self.used.emit(tile))
        tile.speak_wanted.connect(lambda: self.speak_wanted.emit(tile))
        tile.delete_wanted.connect(lambda: self.delete_wanted.emit(tile))
        tile.menu_wanted.connect(lambda: self.menu_wanted.emit(tile))
        tile.entered.connect(lambda: self.entered.emit(tile))
        tile.left.connect(lambda: self.left.emit(tile))
        tile.rename_wanted.connect(lambda title: self.rename_wanted.emit(tile, title))
        tile.moved.connect(lambda right, down: self._walk(tile, right, down))
        return tile

    def _walk(self, tile: QWidget, right: int, down: int) -> None:
        """To the neighbor, or at the edge of a grid into the other one."""
        above, below = self.own_grid, self.drawn_grid
        grid, other = (above, below) if tile in above.tiles else (below, above)
        if grid.walk(tile, right, down):
            return
        forward = right + down > 0
        if (grid is above) is forward and other.tiles:
            target = other.tiles[0 if forward else -1]
            target.setFocus(Qt.FocusReason.TabFocusReason)
