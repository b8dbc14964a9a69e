"""What is done with avatars, each with a toast that takes it back: use, rename, delete, share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from avatar_app.session.avatar_gallery import AvatarDeletion
from avatar_app.session.face_engines import FaceEngine
from avatar_app.settings.store import SettingsChange
from avatar_app.ui.pages.avatars.care import AvatarCare
from avatar_app.ui.pages.avatars.care_card import CareCard
from avatar_app.ui.pages.avatars.files import choose_file, choose_place
from avatar_app.ui.pages.avatars.gallery_view import GalleryView
from avatar_app.ui.pages.avatars.tile import AvatarTile
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.style.assets import Glyph, icon
from avatar_app.ui.widgets.notices import Action, Notice, NoticeBar


class AvatarActions(QObject):
    """Every action is done at once, in the window's `work`."""

    def __init__(
        self,
        page: QWidget,
        context: PageContext,
        toast: NoticeBar,
        refresh: Callable[[str], None],
        take: Callable[[Path], None],
    ) -> None:
        """`refresh` shows the avatars as they are, the keys on one of them; `take` begins a new
        avatar."""
        super().__init__(page)
        self._page, self._context, self._toast = page, context, toast
        self._refresh, self._take = refresh, take
        self._undoable: Notice | None = None
        """The last one whose action takes something back."""
        self._avatars, self._store = context.session.avatars, context.session.settings
        self.care_card = CareCard(context.theme)
        self.care = AvatarCare(self.care_card, context, toast.tell_error, refresh, self.use)

    def connect_to(self, gallery: GalleryView) -> None:
        gallery.used.connect(lambda tile: self.use(tile.avatar.name, tile.title))
        gallery.rename_wanted.connect(self.rename)
        gallery.delete_wanted.connect(self.delete)
        gallery.menu_wanted.connect(self.open_menu)

    def use(self, name: str, title: str) -> None:
        """Show an avatar in the conversation."""
        task = self._context.work.run(partial(self._avatars.use, name))
        task.then(partial(self._used, title)).failed(self._toast.tell_error)

    def use_engine(self, engine: FaceEngine) -> None:
        """Let another engine draw the face."""
        task = self._context.work.run(partial(self._avatars.engines.use, engine.name))
        task.then(partial(self._used, engine.title)).failed(self._toast.tell_error)

    def rename(self, tile: AvatarTile, title: str) -> None:
        """Give an avatar another name."""
        former = tile.title
        task = self._context.work.run(partial(self._avatars.rename, tile.avatar.name, title))
        task.then(partial(self._renamed, former, title)).failed(self._toast.tell_error)

    def delete(self, tile: AvatarTile) -> None:
        """Delete an avatar; its files go for good when the toast has gone."""
        task = self._context.work.run(partial(self._avatars.delete, tile.avatar.name))
        task.then(partial(self._deleted, tile.title)).failed(self._toast.tell_error)

    def share(self, tile: AvatarTile) -> None:
        """Write an avatar to a file."""
        name = tile.avatar.name
        title = self.tr("Share {}").format(tile.title)
        choose_place(self._page, title, name, partial(self.export, name))

    def export(self, name: str, target: Path) -> None:
        """Write an avatar to this file."""
        task = self._context.work.run(partial(self._avatars.export, name, target))
        task.then(self._exported).failed(self._toast.tell_error)

    def undo(self) -> None:
        """Take back what the toast says, or the last change of a setting."""
        if self._undoable is not None and self._toast.notice is self._undoable:
            self._toast.action_button.click()
        else:
            self._context.work.run(self._store.undo)

    def refuse(self, notice: Notice) -> None:
        """A file cannot be used; offer to choose another."""
        choose = partial(choose_file, self._page, self._take)
        again = Action(self.tr("Choose another"), choose)
        self._say(Notice(notice.message, notice.hint, failure=True, action=again))

    def welcome(self, name: str, title: str, notes: str) -> None:
        """A new avatar is there."""
        use = Action(self.tr("Use"), partial(self.use, name, title))
        self._refresh(name)
        self._say(Notice(self.tr("{} was added.").format(title), notes, action=use))

    def open_menu(self, tile: AvatarTile) -> None:
        """All that can be done with an avatar."""
        menu = self.menu_for(tile)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        button = tile.more_button
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def menu_for(self, tile: AvatarTile) -> QMenu:
        menu = QMenu(self._page)
        menu.setAccessibleName(self.tr("Avatar"))
        tr = self.tr
        care = self.care
        given: tuple[tuple[Glyph, str, str, Callable[[], object]], ...] = (
            (Glyph.EYE, tr("Bring to life"), "", partial(care.animate, tile)),
            (Glyph.TALK, tr("Teach it its lips"), "", partial(care.teach, tile)),
            (Glyph.TALK, tr("Teach it its whole head"), "", partial(care.teach_head, tile)),
        )
        if tile.avatar.is_clip:
            given = ()
        if tile.avatar.is_rendered:
            given = ((Glyph.STOP, tr("Hold it still"), "", partial(care.calm, tile)),)
        for glyph, title, keys, act in (
            (Glyph.CHECK, tr("Use"), "Return", tile.click),
            (Glyph.SPEAKER, tr("Let it speak"), "Space", tile.speak_wanted.emit),
            *given,
            (Glyph.EDIT, tr("Rename"), "F2", tile.rename),
            (Glyph.EXPORT, tr("Share as a file"), "", partial(self.share, tile)),
            (Glyph.TRASH, tr("Delete"), "Del", partial(self.delete, tile)),
        ):
            action = self._add(menu, glyph, title, keys)
            action.triggered.connect(lambda _checked=False, act=act: act())
            action.setEnabled(act not in [each[3] for each in given] or not care.is_busy)
        return menu

    def _add(self, menu: QMenu, glyph: Glyph, title: str, keys: str) -> QAction:
        native = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
        shade = self._context.theme.palette.text_dim
        return menu.addAction(icon(glyph, shade, 18), f"{title}\t{native}" if native else title)

    def _used(self, title: str, change: SettingsChange) -> None:
        if change.names:
            undo = Action(self.tr("Undo"), self._undo_setting)
            self._offer_undo(Notice(self.tr("Now: {}").format(title), action=undo))

    def _undo_setting(self) -> None:
        self._context.work.run(self._store.undo)

    def _renamed(self, former: str, title: str, name: str) -> None:
        self._refresh(name)
        back = partial(self._avatars.rename, name, former)
        undo = Action(self.tr("Undo"), partial(self._take_back, back))
        message = self.tr("{} is now called {}.").format(former, title)
        self._offer_undo(Notice(message, action=undo))

    def _deleted(self, title: str, deletion: AvatarDeletion) -> None:
        self._refresh(self._avatars.current())
        undo = Action(self.tr("Undo"), partial(self._take_back, deletion.undo))
        finish = partial(self._context.work.run, deletion.finish)
        message = self.tr("{} is deleted.").format(title)
        self._offer_undo(Notice(message, action=undo, expired=finish))

    def _exported(self, path: Path) -> None:
        message = self.tr("The avatar is written to {}.").format(path.name)
        self._say(Notice(message, str(path.parent)))

    def _take_back(self, back: Callable[[], object]) -> None:
        task = self._context.work.run(back).then(lambda _: self._refresh(""))
        task.failed(self._toast.tell_error)

    def _offer_undo(self, notice: Notice) -> None:
        self._undoable = notice
        self._say(notice)

    def _say(self, notice: Notice) -> None:
        self._toast.dismiss_all()
        self._toast.tell(notice)
