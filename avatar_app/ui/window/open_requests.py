"""Raises the window when the program is started again, and opens the file that it was given."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from avatar_app.system.instance_channel import OpenRequest, Reply
from avatar_app.ui.qt.bridge import Bridge

ANSWER_SECONDS = 5.0
"""Time the window has to react before it counts as hanging."""
ACTIVATION = "XDG_ACTIVATION_TOKEN"
"""Qt takes Wayland's permission to raise a window from this environment variable."""


class OpenRequests:
    """Carries out what a start of the program asks of the window."""

    def __init__(self, window: QWidget, bridge: Bridge, take: Callable[[Path], None]) -> None:
        """`take` opens a file."""
        self._window, self._bridge, self._take = window, bridge, take

    def receive(self, request: OpenRequest) -> Reply | None:
        """Carry out the request of a later start; thread-safe. None when the window is closing."""
        carried_out = threading.Event()

        def carry_out() -> None:
            self.raise_window(request.activation)
            self.open(request)
            carried_out.set()

        self._bridge.post(carry_out)
        if carried_out.wait(0.0 if self._bridge.is_closed else ANSWER_SECONDS):
            return Reply.SHOWN
        return None if self._bridge.is_closed else Reply.LATE

    def open(self, request: OpenRequest) -> None:
        """Open the file of a request, if it has one."""
        if request.path is not None:
            self._take(request.path)

    def raise_window(self, activation: str) -> None:
        """Bring the window to the front; where the desktop refuses, its entry there is marked."""
        if activation:
            os.environ[ACTIVATION] = activation
        state = self._window.windowState()
        self._window.setWindowState(state & ~Qt.WindowState.WindowMinimized)
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()
        QApplication.alert(self._window)
