"""A window on a real session, for the programs that measure it: lets it run and counts turns."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEventLoop, QTimer

from avatar_app.core.events import Event, Outcome, State, StateChanged, TurnEnded
from avatar_app.session.app_session import AppSession
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import AppPaths
from avatar_app.ui.app import prepared_application
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

PATIENCE = 60.0
ASLEEP = 14.0
"""Seconds after the greeting by which everything that was played has ended."""
STEP = 0.25
"""Seconds between two looks at a condition."""


class ProbedWindow:
    """`open` shows it; closing its window ends the session."""

    def __init__(self, paths: AppPaths) -> None:
        self._application = prepared_application()
        self.session = AppSession(SettingsStore(paths.settings_file), paths)
        self.ended = self.interrupted = 0
        """Turns so far."""
        self.state = State.IDLE
        self.session.subscribe(self._take)
        self.window = MainWindow(self.session, Theme())

    def open(self) -> None:
        """Show the window, and let it run until it is at rest after the greeting."""
        self.window.show()
        self.window.start()
        self.wait_for(lambda: self.ended)
        self.pass_time(ASLEEP)

    def wait_for(self, condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
        """Let the window run until then; False where so much time passed first."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began >= seconds:
                return False
            self.pass_time(STEP)
        return True

    def pass_time(self, seconds: float) -> None:
        """Let the window run."""
        loop = QEventLoop()
        QTimer.singleShot(int(seconds * 1000), loop.quit)
        loop.exec()

    def _take(self, event: Event) -> None:
        match event:
            case TurnEnded():
                self.ended += 1
                self.interrupted += event.outcome is Outcome.INTERRUPTED
            case StateChanged(state):
                self.state = state
