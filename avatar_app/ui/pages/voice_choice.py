"""Which voice speaks in the conversation and which have a star: followed, and changed with undo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from avatar_app.session.voice_gallery import InstalledVoice
from avatar_app.settings.store import SettingsChange
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.widgets.notices import Action, Notice

FAVORITES = "window.favorite_voices"


class VoiceChoice(QObject):
    """Tells of changes between `follow` and `leave`, also of those made elsewhere."""

    tts_changed = Signal()
    """The engine or an option of it."""
    current_changed = Signal(object)
    """An InstalledVoice speaks in the conversation; None: one that is not in the list."""
    blend_changed = Signal(object)
    """A VoiceBlend speaks in the conversation; None: no blend does."""
    favorites_changed = Signal(object)
    """Keys of the voices that have a star."""
    used = Signal(object)
    """A Notice: another voice speaks from now on."""
    problem = Signal(object)
    """An AvatarError: the voice was not taken."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context, self._store = context, context.session.settings
        self._gallery = context.session.voices
        self._unfollow: Callable[[], None] = lambda: None

    def follow(self) -> None:
        """Begin to tell of changes, and ask what is so now."""
        post = self._context.post
        self._unfollow = self._store.subscribe(lambda change: post(lambda: self._changed(change)))
        self.tts_changed.emit()
        self.ask()

    def leave(self) -> None:
        """Tell of no more changes."""
        self._unfollow()

    def ask(self) -> None:
        """Tell which voice it is."""
        self._context.work.run(self._gallery.current).then(self.current_changed.emit)
        self._context.work.run(self._gallery.current_blend).then(self.blend_changed.emit)
        self.favorites_changed.emit(self._store.settings.window.favorite_voices)

    def use(self, voice: InstalledVoice, title: str) -> None:
        """Let it speak in the conversation from now on."""
        task = self._context.work.run(lambda: self._store.change(voice.settings))
        task.then(partial(self._tell, title)).failed(self.problem.emit)

    def star(self, key: str, *, starred: bool) -> None:
        """Give a voice a star, or take it away."""
        others = set(self._store.settings.window.favorite_voices) - {key}
        keys = sorted({*others, key} if starred else others)
        self._context.work.run(lambda: self._store.set(FAVORITES, keys))

    def _tell(self, title: str, change: SettingsChange) -> None:
        if change.names:
            message = self.tr("Voice: {}").format(title)
            hint = self.tr("It speaks as soon as its engine has loaded.")
            undo = Action(self.tr("Undo"), self._undo)
            self.used.emit(Notice(message, hint, action=undo))

    def _undo(self) -> None:
        self._context.work.run(self._store.undo)

    def _changed(self, change: SettingsChange) -> None:
        if change.touches("tts"):
            self.tts_changed.emit()
            self.ask()
        elif change.touches(FAVORITES):
            self.favorites_changed.emit(self._store.settings.window.favorite_voices)
