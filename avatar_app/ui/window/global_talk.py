"""Global push to talk: a key that is heard while another program is in front."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from avatar_app.core.errors import AvatarError
from avatar_app.system.hotkeys.hotkey import (
    Heard,
    Hotkey,
    HotkeyListener,
    HotkeyUnavailable,
    TalkKey,
)
from avatar_app.ui.qt.work import Work

Refused = Callable[[AvatarError], None]
X11, WAYLAND = "xcb", "wayland"
"""Qt's names of platforms."""


class GlobalTalkKey(QObject):
    """Listens to the chosen key where the desktop allows it; elsewhere one sentence says why
    not."""

    held = Signal(bool)
    problem = Signal(object)
    """Emitted with an AvatarError."""

    def __init__(self, parent: QObject, work: Work) -> None:
        super().__init__(parent)
        self._work = work
        self._key = TalkKey.NONE
        self._listener: HotkeyListener | None = None
        self._is_closed = False

    def use(self, key: TalkKey) -> None:
        """Listen to a key in place of the one before; asking the desktop may take seconds."""
        if key is self._key:
            return
        self.stop()
        self._key = key
        if key is not TalkKey.NONE:
            description = self.tr("Hold to talk with the avatar")
            call = partial(self._open, Hotkey.parse(key), description)
            self._work.run(call).then(partial(self._keep, key)).failed(self.problem.emit)

    def stop(self) -> None:
        """Stop listening."""
        listener, self._listener, self._key = self._listener, None, TalkKey.NONE
        if listener is not None:
            listener.close()

    def close(self) -> None:
        """The window closes."""
        self._is_closed = True
        self.stop()

    def _open(self, hotkey: Hotkey, description: str) -> HotkeyListener:
        return open_listener(hotkey, self._hear, description, self.problem.emit)

    def _keep(self, key: TalkKey, listener: HotkeyListener) -> None:
        if key is self._key and not self._is_closed:
            self._listener = listener
        else:  # another was chosen meanwhile
            listener.close()

    def _hear(self, *, held: bool) -> None:
        """Called in the listener's thread; the signal crosses over to the window's."""
        self.held.emit(held)


def open_listener(
    hotkey: Hotkey, heard: Heard, description: str, refused: Refused
) -> HotkeyListener:
    """Listen by what this desktop has. Raises HotkeyUnavailable."""
    platform = QGuiApplication.platformName()
    if platform.startswith(WAYLAND) or (platform == X11 and os.environ.get("WAYLAND_DISPLAY")):
        from avatar_app.system.hotkeys.portal import PortalHotkey

        return PortalHotkey(hotkey, heard, description, refused)
    if platform == X11:
        from avatar_app.system.hotkeys.x11 import X11Hotkey

        return X11Hotkey(hotkey, heard)
    raise HotkeyUnavailable(
        "This system gives no keys to programs in the background.",
        "Hold Space in the window to talk.",
    )
