"""The page of avatars: a gallery that comes to life, and new avatars from photos and clips."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QKeySequence,
    QResizeEvent,
    QShortcut,
)
from PySide6.QtWidgets import QStackedWidget

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import TurnEnded
from avatar_app.core.values import Image
from avatar_app.session.avatar_gallery import GalleryAvatar
from avatar_app.session.avatar_preview import last_sentence
from avatar_app.session.voice_gallery import VoiceList
from avatar_app.settings.store import SettingsChange
from avatar_app.ui.pages.avatars.actions import AvatarActions
from avatar_app.ui.pages.avatars.attention import Attention
from avatar_app.ui.pages.avatars.draft_view import DraftView
from avatar_app.ui.pages.avatars.drafting import AvatarDrafting
from avatar_app.ui.pages.avatars.engine_rows import EngineRows
from avatar_app.ui.pages.avatars.file_drop_page import FileDropPage
from avatar_app.ui.pages.avatars.files import choose_file
from avatar_app.ui.pages.avatars.gallery_view import GalleryView
from avatar_app.ui.pages.avatars.stage import AvatarStage
from avatar_app.ui.pages.avatars.thumbnails import ThumbnailPainter
from avatar_app.ui.pages.avatars.tile import AvatarTile
from avatar_app.ui.pages.avatars.try_bar import TryBar
from avatar_app.ui.pages.option_rows import OptionRows
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.page_ids import MODELS
from avatar_app.ui.pages.scrolling import ScrollingColumn
from avatar_app.ui.portrait.avatar_drop_card import AvatarDropCard
from avatar_app.ui.widgets.pictures import pixmap_of

LOOK = ("expressiveness", "gaze", "zoom", "background")
"""Options of face engines that the page shows."""


class AvatarsPage(FileDropPage):
    """Shows the gallery or the draft of a new avatar; Esc leads from that back to the gallery."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("Avatars"))
        self._avatars, self._store = context.session.avatars, context.session.settings
        self._unfollow: Callable[[], None] = lambda: None
        self._focus_wanted = ""
        """The avatar that gets the keys when the gallery is filled."""
        self.gallery, self.draft = GalleryView(context.theme), DraftView(context.theme)
        self.try_bar, self.draft_try_bar = TryBar(context.theme), TryBar(context.theme)
        self.stage = AvatarStage(context, self)
        self.attention = Attention(self.stage, self._avatars, self.try_bar, self)
        self.card = AvatarDropCard(self, context.theme)
        self.drafting = AvatarDrafting(context, self.draft, self.card, self)
        self.actions_of = AvatarActions(self, context, self.toast, self.refresh, self.drafting.take)
        self._painter = ThumbnailPainter(
            self._avatars, context.post, self._show_picture, self._show_problem
        )
        self.look = OptionRows(context, self.tr("How it looks"), "face.options", LOOK)
        self.engines = EngineRows(context.remedies.for_error)
        self.scroller = ScrollingColumn(self.tr("Avatars"))
        self.views = QStackedWidget()
        self._lay_out()
        self._connect()

    def enter(self) -> None:
        self._unfollow = self._store.subscribe(
            lambda change: self.context.post(partial(self._settings_changed, change))
        )
        self.stage.enter()
        session, work = self.context.session, self.context.work
        work.run(lambda: session.transcript(1)).then(self._show_last)
        work.run(session.voices.voices).then(self._show_voices)
        self.refresh()

    def leave(self) -> None:
        self._unfollow()
        self._painter.pause()
        self.drafting.leave()
        self.attention.drop()
        self.stage.leave()

    def escape(self) -> bool:
        """Leave a name as it was; be silent; stop what is under way; leave the draft."""
        if any(tile.stop_renaming() for tile in self.gallery.tiles.values()):
            return True
        if self.stage.is_speaking:
            self.stage.silence()
        elif self.drafting.is_busy:
            self.drafting.cancel()
        elif self.drafting.is_open:
            self.drafting.leave()
        else:
            return False
        return True

    @property
    def is_filled(self) -> bool:
        if self.drafting.is_open:
            return self.draft.trial.picture is not None
        tiles = self.gallery.tiles.values()
        has_all = all(tile.picture is not None or tile.problem for tile in tiles)
        return bool(tiles) and has_all and not self.drafting.is_busy

    def take(self, source: Path | None) -> None:
        """Begin an avatar with a file."""
        if source is not None:
            self.toast.dismiss_all()
            self.drafting.take(source)

    def may_take(self) -> bool:
        return not self.drafting.is_busy

    def show_target(self, *, wanted: bool) -> None:
        self.gallery.new_tile.show_target(wanted=wanted)

    def focus_first(self) -> None:
        self._focus_wanted = self._avatars.current()

    def stop(self) -> None:
        self._unfollow()
        self._painter.close()
        self.drafting.close()
        self.actions_of.care.close()
        self.stage.close()

    def refresh(self, focus: str = "") -> None:
        """Show the avatars as they are now; `focus`: the one that gets the keys."""
        self._focus_wanted = focus or self._focus_wanted
        self.characters_changed.emit()
        self.context.work.run(self._avatars.avatars).then(self._show)
        self._show_settings()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_card()

    def _keep_in_sight(self, tile: AvatarTile) -> None:
        if tile.hasFocus():
            self.scroller.ensureWidgetVisible(tile)

    def _show_last(self, turns: tuple[TurnEnded, ...]) -> None:
        sentence = last_sentence(turns[-1].heard_text) if turns else ""
        for bar in (self.try_bar, self.draft_try_bar):
            bar.show_last(sentence)

    def _show_voices(self, found: VoiceList) -> None:
        for bar in (self.try_bar, self.draft_try_bar):
            bar.show_voices(found)

    def _settings_changed(self, change: SettingsChange) -> None:
        if change.touches("face"):
            self.gallery.show_current(self._avatars.current())
            self._show_settings()

    def _show_settings(self) -> None:
        self.look.fill()
        self.context.work.run(self._avatars.engines.all).then(self.engines.show_engines)

    def _show(self, avatars: tuple[GalleryAvatar, ...]) -> None:
        self._painter.paint(self.gallery.show_avatars(avatars, self._avatars.current()))
        if self._focus_wanted and not self.drafting.is_open:
            self.gallery.focus_current(self._focus_wanted)
        self._focus_wanted = ""

    def _show_picture(self, avatar: GalleryAvatar, picture: Image) -> None:
        if tile := self.gallery.tile_of(avatar):
            tile.show_picture(pixmap_of(picture))

    def _show_problem(self, avatar: GalleryAvatar, error: AvatarError) -> None:
        if tile := self.gallery.tile_of(avatar):
            tile.show_problem(str(error))

    def _place_card(self) -> None:
        self.card.move((self.width() - self.card.width()) // 2, self.height() // 3)
        self.card.raise_()

    def _open_draft(self) -> None:
        self.attention.drop()
        self.views.setCurrentWidget(self.draft)
        self.heading.setText(self.tr("New avatar"))
        self.try_bar.hide()

    def _close_draft(self) -> None:
        self.stage.silence()
        self.stage.stop()
        self.views.setCurrentWidget(self.scroller)
        self.heading.setText(self.tr("Avatars"))
        self.try_bar.show()
        self.refresh()

    def _lay_out(self) -> None:
        self.head.addWidget(self.try_bar, 1)
        for part in (self.actions_of.care_card, self.gallery, self.look, self.engines):
            self.scroller.add(part)
        self.draft.try_place.addWidget(self.draft_try_bar)
        self.views.addWidget(self.scroller)
        self.views.addWidget(self.draft)
        self.body.addWidget(self.views, 1)

    def _connect(self) -> None:
        self.actions_of.connect_to(self.gallery)
        self.attention.follow(self.gallery)
        self.gallery.entered.connect(self._keep_in_sight)
        self.gallery.new_tile.clicked.connect(lambda: choose_file(self, self.take))
        self.try_bar.pressed.connect(self.attention.speak)
        self.draft_try_bar.pressed.connect(self._speak_draft)
        self.stage.speaking.connect(self._show_speaking)
        self.stage.problem.connect(self.toast.tell_error)
        self.look.problem.connect(self.toast.tell_error)
        self.engines.use_wanted.connect(self.actions_of.use_engine)
        words, show = self.context.remedies.model_of, self.context.show_page
        self.engines.model_wanted.connect(lambda engine: show(MODELS, words(engine.name)))
        self.drafting.opened.connect(self._open_draft)
        self.drafting.ended.connect(self._close_draft)
        self.drafting.refused.connect(self.actions_of.refuse)
        self.drafting.made.connect(self.actions_of.welcome)
        self.drafting.trial_ready.connect(
            lambda face: self.stage.show(face, self.draft.trial.show_image)
        )
        self.card.changed.connect(self._place_card)
        for keys, act in {"Ctrl+Z": self.actions_of.undo, "Ctrl+V": self.paste}.items():
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    def _speak_draft(self) -> None:
        if self.stage.is_speaking:
            self.stage.silence()
        else:
            self.stage.say(self.draft_try_bar.sentence, self.draft_try_bar.voice)

    def _show_speaking(self, speaking: bool) -> None:  # noqa: FBT001 - a signal's
        for bar in (self.try_bar, self.draft_try_bar):
            bar.show_speaking(speaking=speaking)
