"""The window's own settings: appearance and geometry, saved between starts."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QWidget

from avatar_app.settings.schema import AccessSettings, WindowSettings
from avatar_app.settings.store import SettingsChange, SettingsStore
from avatar_app.ui.qt.work import Work

THEME, TRANSCRIPT, GEOMETRY = "window.theme", "window.transcript", "window.geometry"
COMPACT_GEOMETRY, MODE = "window.compact_geometry", "window.mode"
LAST_PAGE = "window.page"
WINDOW = "window."


class WindowPreferences:
    """Reads and saves them; `follow` is called in the Qt thread when they were changed elsewhere,
    for example on the settings page or by undo."""

    def __init__(
        self,
        store: SettingsStore,
        work: Work,
        post: Callable[[Callable[[], None]], None],
        follow: Callable[[], None],
    ) -> None:
        self._store, self._work, self._follow = store, work, follow
        self._unsaved: dict[str, Any] = {}
        """What is on its way into the file, by field."""
        self.stop = store.subscribe(lambda change: post(lambda: self._changed(change)))

    @property
    def now(self) -> WindowSettings:
        """Return what the window wants, saved or not."""
        return self._store.settings.window.model_copy(update=self._unsaved)

    @property
    def access(self) -> AccessSettings:
        return self._store.settings.ui

    def note(self, name: str, value: Any) -> None:
        """Save one, outside the window's thread; the session reports failures."""
        field = name.removeprefix(WINDOW)
        self._unsaved[field] = value
        task = self._work.run(lambda: self._store.change({name: value}, undoable=False))
        task.then(lambda _change: self._saved(field, value))

    def _saved(self, field: str, value: Any) -> None:
        if self._unsaved.get(field) == value:
            del self._unsaved[field]

    def note_geometry(self, window: QWidget, *, compact: bool) -> None:
        """Save size and position, of the compact window or of the usual one."""
        geometry = base64.b64encode(window.saveGeometry().data()).decode()
        if geometry != self._geometry(compact=compact):
            self.note(COMPACT_GEOMETRY if compact else GEOMETRY, geometry)

    def restore_geometry(self, window: QWidget, *, compact: bool) -> bool:
        """Restore the saved size and position; returns False if there is none."""
        geometry = self._geometry(compact=compact)
        if geometry is None:
            return False
        return window.restoreGeometry(QByteArray.fromBase64(geometry.encode()))

    def _geometry(self, *, compact: bool) -> str | None:
        return self.now.compact_geometry if compact else self.now.geometry

    def _changed(self, change: SettingsChange) -> None:
        its_own = (GEOMETRY, COMPACT_GEOMETRY, MODE, LAST_PAGE)  # the window knows them already
        if any(name.startswith((WINDOW, "ui.")) and name not in its_own for name in change.names):
            self._follow()
