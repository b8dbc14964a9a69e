"""The window's own settings: how it looks and lies, kept until the next start."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QWidget

from avatar_app.settings.schema import WindowSettings
from avatar_app.settings.store import SettingsChange, SettingsStore

THEME, TRANSCRIPT, GEOMETRY = "window.theme", "window.transcript", "window.geometry"
LAST_PAGE = "window.page"


class WindowPreferences:
    """Reads and notes them; `follow` is called in the Qt thread when they were changed elsewhere,
    say on the settings page or by undoing."""

    def __init__(
        self,
        store: SettingsStore,
        post: Callable[[Callable[[], None]], None],
        follow: Callable[[WindowSettings], None],
    ) -> None:
        self._store, self._follow = store, follow
        self.stop = store.subscribe(lambda change: post(lambda: self._changed(change)))

    @property
    def now(self) -> WindowSettings:
        return self._store.settings.window

    def note(self, name: str, value: Any) -> None:
        """Remember one; that it could not be saved is told by the session."""
        self._store.change({name: value}, undoable=False)

    def note_geometry(self, window: QWidget) -> None:
        """Remember size and place."""
        self.note(GEOMETRY, base64.b64encode(window.saveGeometry().data()).decode())

    def restore_geometry(self, window: QWidget) -> None:
        """Size and place as they were left."""
        if (geometry := self.now.geometry) is not None:
            window.restoreGeometry(QByteArray.fromBase64(geometry.encode()))

    def _changed(self, change: SettingsChange) -> None:
        if change.touches("window"):
            self._follow(self.now)
