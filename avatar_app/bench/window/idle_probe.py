"""Idle probe, a program: opens the window on a real session and prints its threads'
processor use.

Argument: seconds for each of three states. At rest: the window is open and nobody speaks. Hidden:
it is minimized. Speaking: it is open and the avatar tells a story. With a screen the window is
shown there; without one it is drawn off-screen.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import psutil
from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer

from avatar_app.core.events import Event, State, StateChanged, TurnEnded
from avatar_app.session.app_session import AppSession
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths
from avatar_app.ui.app import prepared_application
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

SETTLING = 4.0
"""Seconds after a change of state before it is measured."""
ASLEEP = 14.0
"""The same before the first: by then everything that was played has ended."""
PATIENCE = 60.0
STORY = "Tell me a story."


class ThreadMeter:
    """Processor time by thread since creation, and the number of repaints."""

    def __init__(self, paints: Paints) -> None:
        self._paints, self._painted = paints, paints.count
        self._process = psutil.Process()
        self._began, self._before = time.perf_counter(), self._threads()
        self._children = self._child_seconds()

    def read(self) -> dict[str, Any]:
        """Return shares of one core."""
        seconds = time.perf_counter() - self._began
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        shares: defaultdict[str, float] = defaultdict(float)
        for number, used in self._threads().items():
            shares[names.get(number, "libraries")] += used - self._before.get(number, 0.0)
        shares["other processes"] = self._child_seconds() - self._children
        return {
            "threads": {name: used / seconds for name, used in shares.items()},
            "pictures": (self._paints.count - self._painted) / seconds,
        }

    def _threads(self) -> dict[int, float]:
        return {each.id: each.user_time + each.system_time for each in self._process.threads()}

    def _child_seconds(self) -> float:
        return sum(sum(each.cpu_times()[:2]) for each in self._process.children(recursive=True))


class Paints(QObject):
    """Counts repaints of the watched widget."""

    count = 0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


class IdleProbe:
    """A window on a real session."""

    def __init__(self) -> None:
        self._application = prepared_application()
        paths = app_paths()
        self._session = AppSession(SettingsStore(paths.settings_file), paths)
        self._ended = 0
        self._state = State.IDLE
        self._session.subscribe(self._take)
        self._window = MainWindow(self._session, Theme())
        self._paints = Paints()
        self._window.stage.view.installEventFilter(self._paints)

    def run(self, seconds: float) -> dict[str, Any]:
        """Return the measurements of each state."""
        self._window.show()
        self._window.start()
        self._wait_for(lambda: self._ended)  # the greeting is over
        self._pass(ASLEEP)
        measured = {"rest": self._measure(seconds)}
        self._window.showMinimized()
        self._pass(SETTLING)
        measured["hidden"] = self._measure(seconds)
        self._window.showNormal()
        self._pass(SETTLING)
        self._session.type(STORY)
        self._wait_for(lambda: self._state is State.SPEAKING)
        measured["speaking"] = self._measure(seconds)
        self._window.close()
        return measured

    def _measure(self, seconds: float) -> dict[str, Any]:
        """Measure for so long, or until a turn ends."""
        meter, ended, deadline = ThreadMeter(self._paints), self._ended, time.monotonic() + seconds
        self._wait_for(lambda: self._ended > ended or time.monotonic() >= deadline, seconds)
        return meter.read()

    def _wait_for(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        began = time.monotonic()
        while not condition() and time.monotonic() - began < seconds:
            self._pass(0.25)

    def _pass(self, seconds: float) -> None:
        """Let the window run."""
        loop = QEventLoop()
        QTimer.singleShot(int(seconds * 1000), loop.quit)
        loop.exec()

    def _take(self, event: Event) -> None:
        match event:
            case TurnEnded():
                self._ended += 1
            case StateChanged(state):
                self._state = state


def main() -> None:
    """Print the measurements as one line of JSON."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.stdout.write(json.dumps(IdleProbe().run(float(sys.argv[1]))) + "\n")


if __name__ == "__main__":
    from avatar_app.system.process import prepare_process

    prepare_process()
    main()
