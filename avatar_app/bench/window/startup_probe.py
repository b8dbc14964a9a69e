"""Startup probe, a program: starts a hidden window and prints the startup times.

Everything is real except for the screen: the session, its engines and devices (null devices without
a sound card), and the window. It counts as visible when its portrait has been painted for the first
time.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

import psutil
from PySide6.QtCore import QElapsedTimer, QEvent, QObject

from avatar_app.bench.window.beats import Beats
from avatar_app.bench.window.event_pump import EventPump
from avatar_app.core.events import Event, TurnEnded
from avatar_app.session.app_session import AppSession
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths
from avatar_app.ui.app import prepared_application
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

PATIENCE_MS = 30_000
"""Timeout in milliseconds for a picture or an answer."""
TEXT = "What can you do?"
"""What is typed."""


class FirstPaint(QObject):
    """Records when the watched widget was first painted."""

    at: float | None = None

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self.at is None:
            self.at = since_start_ms()
        return False


class Probe:
    """A window on a real session, and its measurements so far."""

    def __init__(self) -> None:
        self._application = prepared_application()
        self._events = EventPump()
        paths = app_paths()
        self._session = AppSession(SettingsStore(paths.settings_file), paths)
        self._ended: list[TurnEnded] = []
        self._session.subscribe(self._take)
        self._window = MainWindow(self._session, Theme())
        self._paint = FirstPaint()
        self._window.stage.view.installEventFilter(self._paint)

    def run(self) -> dict[str, float | None]:
        """Open the window, wait for face and greeting, type a turn, and close; milliseconds since
        the interpreter started."""
        self._window.show()
        self._window.start()
        self._wait_for(lambda: self._paint.at is not None)
        face_at = self._wait_for(lambda: self._session.frame() is not None)
        self._wait_for(lambda: self._ended)  # the greeting is over
        beats = Beats()
        beats.start()
        count = len(self._ended)
        self._session.type(TEXT)
        answered_at = self._wait_for(lambda: len(self._ended) > count)
        beats.stop()
        self._window.close()
        return {
            "window_visible_ms": self._paint.at,
            "first_face_frame_ms": face_at,
            "answered_ms": answered_at,
            "loop_lag_p50_ms": beats.quantile(0.5),
            "loop_lag_p99_ms": beats.quantile(0.99),
            "beats": len(beats.late_ms),
        }

    def _wait_for(self, condition: Callable[[], object]) -> float | None:
        """Run the event loop until `condition` is true; returns when that was, or None if it never
        was."""
        clock = QElapsedTimer()
        clock.start()
        while not condition():
            self._events.turn()
            if clock.hasExpired(PATIENCE_MS):
                return None
        return since_start_ms()

    def _take(self, event: Event) -> None:
        if isinstance(event, TurnEnded):
            self._ended.append(event)


def since_start_ms() -> float:
    """Return the milliseconds since this process was started."""
    return (time.time() - psutil.Process().create_time()) * 1000


def main() -> None:
    """Print the measurements as one line of JSON."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.stdout.write(json.dumps(Probe().run()) + "\n")


if __name__ == "__main__":
    from avatar_app.system.process import prepare_process

    prepare_process()
    main()
