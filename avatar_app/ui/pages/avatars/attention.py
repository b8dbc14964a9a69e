"""Which avatar of the gallery moves: the one under the pointer, or else the one with the focus."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer

from avatar_app.core.errors import AvatarError
from avatar_app.core.values import Image
from avatar_app.session.avatar_gallery import AvatarGallery
from avatar_app.ui.pages.avatars.gallery_view import GalleryView
from avatar_app.ui.pages.avatars.stage import AvatarStage
from avatar_app.ui.pages.avatars.tile import AvatarTile
from avatar_app.ui.pages.avatars.try_bar import TryBar
from avatar_app.ui.widgets.pictures import pixmap_of

MOVES_MS, SPEAKS_MS = 120, 900
"""How long the pointer rests on an avatar before it moves, and before it speaks."""


class Attention(QObject):
    """A pointer that only crosses the gallery wakes nobody."""

    def __init__(
        self, stage: AvatarStage, avatars: AvatarGallery, bar: TryBar, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._stage, self._avatars, self._bar = stage, avatars, bar
        self._gallery: GalleryView | None = None
        self.tile: AvatarTile | None = None
        """The one that moves, or is about to."""
        self._moves, self._speaks = QTimer(self), QTimer(self)
        for timer, pause, act in (
            (self._moves, MOVES_MS, self._move),
            (self._speaks, SPEAKS_MS, self._speak_under_pointer),
        ):
            timer.setSingleShot(True)
            timer.setInterval(pause)
            timer.timeout.connect(act)

    def follow(self, gallery: GalleryView) -> None:
        self._gallery = gallery
        gallery.entered.connect(self._turn_to)
        gallery.left.connect(self._leave)
        gallery.speak_wanted.connect(self.speak_as)

    def speak(self) -> None:
        """Let the one that moves speak, or the one in use; a second time, stop it."""
        if self._stage.is_speaking:
            self._stage.silence()
            return
        tiles = self._gallery.tiles if self._gallery is not None else {}
        tile = self.tile or tiles.get(self._avatars.current())
        if tile is not None:
            self.speak_as(tile)

    def speak_as(self, tile: AvatarTile) -> None:
        """Let an avatar speak; again, stop it."""
        self._speaks.stop()
        if self._stage.is_speaking:
            self._stage.silence()
        else:
            self.tile = tile
            self._move()
            self._stage.say(self._bar.sentence, self._bar.voice)

    def drop(self) -> None:
        """Nobody moves any more."""
        self._moves.stop()
        self._speaks.stop()
        self.tile = None

    def _turn_to(self, tile: AvatarTile) -> None:
        if self.tile is tile or (self.tile is not None and self.tile.underMouse()):
            return
        self._stage.silence()
        self.tile = tile
        self._moves.start()
        if tile.underMouse():
            self._speaks.start()

    def _leave(self, tile: AvatarTile) -> None:
        if tile is not self.tile or tile.underMouse() or tile.hasFocus():
            return
        self.drop()
        self._stage.silence()
        self._stage.stop()

    def _move(self) -> None:
        tile = self.tile
        if tile is None or tile.problem:
            return
        try:
            face = self._avatars.preview(tile.avatar.name)
        except AvatarError:  # it was deleted meanwhile
            return
        self._stage.show(face, partial(_show, tile))

    def _speak_under_pointer(self) -> None:
        """It says its sentence, unless that would interrupt the conversation."""
        tile = self.tile
        if tile is None or tile.problem or not tile.underMouse():
            return
        if self._stage.conversation_rests and not self._stage.is_speaking:
            self._stage.say(self._bar.sentence, self._bar.voice)


def _show(tile: AvatarTile, image: Image) -> None:
    tile.show_picture(pixmap_of(image))
