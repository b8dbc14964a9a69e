"""The tray icon: shows the window, mutes the microphone, quits; keeps the program while hidden."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.style.assets import application_icon

CLICKS = (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick)


class TrayIcon(QObject):
    """Exists where the desktop has a tray; everywhere else `is_there` is False."""

    show_wanted = Signal()
    mute_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.is_there = QSystemTrayIcon.isSystemTrayAvailable()
        self.menu = QMenu(window)
        self.show_action, self.mute_action, self.quit_action = QAction(), QAction(), QAction()
        self.mute_action.setCheckable(True)
        self.menu.addActions([self.show_action, self.mute_action])
        self.menu.addSeparator()
        self.menu.addAction(self.quit_action)
        self.show_action.triggered.connect(self.show_wanted)
        self.mute_action.triggered.connect(self._mute)
        self.quit_action.triggered.connect(self.quit_wanted)
        self.icon = QSystemTrayIcon(application_icon(), window)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._activated)
        self.icon.messageClicked.connect(self.show_wanted)
        keep_translated(self.menu, self._name_parts)
        if self.is_there:
            self.icon.show()

    def show_muted(self, *, muted: bool) -> None:
        self.mute_action.setChecked(muted)

    def tell(self, title: str, text: str) -> None:
        """Show a notification of the desktop."""
        self.icon.showMessage(title, text, application_icon())

    def close(self) -> None:
        """Take the icon away."""
        self.icon.hide()

    def _name_parts(self) -> None:
        self.show_action.setText(self.tr("Show Avatar"))
        self.mute_action.setText(self.tr("Mute the microphone"))
        self.quit_action.setText(self.tr("Quit"))
        self.icon.setToolTip(self.tr("Avatar"))

    def _mute(self) -> None:
        self.mute_action.setChecked(not self.mute_action.isChecked())  # the session decides
        self.mute_wanted.emit()

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in CLICKS:
            self.show_wanted.emit()
