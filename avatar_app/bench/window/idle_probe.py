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
from typing import Any

import psutil
from PySide6.QtCore import QEvent, QObject

from avatar_app.bench.window.probed_window import ProbedWindow
from avatar_app.core.events import State
from avatar_app.system.paths import AppPaths, app_paths

SETTLING = 4.0
"""Seconds after a change of state before it is measured."""
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


class IdleProbe(ProbedWindow):
    """Measures three states one after the other."""

    def __init__(self, paths: AppPaths) -> None:
        super().__init__(paths)
        self._paints = Paints()
        self.window.stage.view.installEventFilter(self._paints)

    def run(self, seconds: float) -> dict[str, Any]:
        """Return the measurements of each state."""
        self.open()
        measured = {"rest": self._measure(seconds)}
        self.window.showMinimized()
        self.pass_time(SETTLING)
        measured["hidden"] = self._measure(seconds)
        self.window.showNormal()
        self.pass_time(SETTLING)
        self.session.type(STORY)
        self.wait_for(lambda: self.state is State.SPEAKING)
        measured["speaking"] = self._measure(seconds)
        self.window.close()
        return measured

    def _measure(self, seconds: float) -> dict[str, Any]:
        """Measure for so long, or until a turn ends."""
        meter, ended = ThreadMeter(self._paints), self.ended
        self.wait_for(lambda: self.ended > ended, seconds)
        return meter.read()


def main() -> None:
    """Print the measurements as one line of JSON."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.stdout.write(json.dumps(IdleProbe(app_paths()).run(float(sys.argv[1]))) + "\n")


if __name__ == "__main__":
    from avatar_app.system.process import prepare_process

    prepare_process()
    main()
