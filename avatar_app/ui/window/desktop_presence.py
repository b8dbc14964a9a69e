"""What the program is on the desktop besides its window: tray, notifications, hiding, a key."""

from __future__ import annotations

import shutil

from PySide6.QtCore import QObject, QProcess, Signal
from PySide6.QtWidgets import QWidget

from avatar_app.settings.schema import WindowSettings
from avatar_app.ui.qt.work import Work
from avatar_app.ui.window.global_talk import GlobalTalkKey
from avatar_app.ui.window.preferences import WindowPreferences
from avatar_app.ui.window.tray import TrayIcon

NOTIFIER = "notify-send"
"""The program of a Linux desktop that shows a notification, for desktops without a tray."""


class DesktopPresence(QObject):
    """Asks the desktop for what the window cannot do itself."""

    mute_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, window: QWidget, preferences: WindowPreferences, work: Work) -> None:
        super().__init__(window)
        self.talk_key = GlobalTalkKey(window, work)
        self._window, self._preferences = window, preferences
        self._is_quitting, self._has_explained = False, False
        self.tray = TrayIcon(window)
        self.tray.show_wanted.connect(self.show_window)
        self.tray.mute_wanted.connect(self.mute_wanted)
        self.tray.quit_wanted.connect(self.quit)

    @property
    def _wishes(self) -> WindowSettings:
        return self._preferences.now

    def show_muted(self, muted: bool) -> None:  # noqa: FBT001 (a slot)
        self.tray.show_muted(muted=muted)

    def follow(self) -> None:
        """Do what the settings say now."""
        self.talk_key.use(self._wishes.talk_key)

    def announce(self, text: str) -> None:
        """Show a timer or reminder, unless its user looks at the window."""
        if self._wishes.notifications and not self._window.isActiveWindow():
            self._notify(self.tr("Avatar"), text)

    def hide_instead(self) -> bool:
        """Hide the window, where that is what closing it means; False if it must close."""
        if self._is_quitting or not (self._wishes.close_to_tray and self.tray.is_there):
            return False
        self._window.hide()
        if not self._has_explained:
            self._has_explained = True
            self._notify(
                self.tr("Avatar is still here"),
                self.tr("The icon brings it back, mutes the microphone, or quits."),
            )
        return True

    def show_window(self) -> None:
        """Bring the window to the front."""
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()

    def quit(self) -> None:
        """Close the window for good."""
        self._is_quitting = True
        self._window.close()

    def close(self) -> None:
        """Leave nothing on the desktop."""
        self.talk_key.close()
        self.tray.close()

    def _notify(self, title: str, text: str) -> None:
        if self.tray.is_there:
            self.tray.tell(title, text)
        elif (program := shutil.which(NOTIFIER)) is not None:
            QProcess.startDetached(program, ["--app-name=Avatar", "--icon=avatar-app", title, text])
