"""Run as a program, it opens the history page and prints how long that took, as JSON.

Argument: how many windows are opened, one after the other; a page is created again in each.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np

from avatar_app.bench.window.event_pump import EventPump
from avatar_app.session.app_session import AppSession
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths
from avatar_app.ui.app import prepared_application
from avatar_app.ui.pages.history import HistoryPage
from avatar_app.ui.pages.page_ids import HISTORY
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

PATIENCE = 60.0


class HistoryProbe:
    """Windows whose sessions are never started: only the history is asked."""

    def __init__(self) -> None:
        self._application = prepared_application()
        self._events = EventPump()

    def run(self, rounds: int) -> dict[str, float]:
        """Milliseconds on the clock and of the processor, until the first lines are painted; the
        first time the page's modules are loaded besides."""
        first, *again = (self._measure() for _ in range(rounds + 1))
        clock, processor = np.median(again, axis=0)
        return {
            "first_open": first[0],
            "first_open_processor": first[1],
            "open": float(clock),
            "open_processor": float(processor),
        }

    def _measure(self) -> tuple[float, float]:
        paths = app_paths()
        window = MainWindow(AppSession(SettingsStore(paths.settings_file), paths), Theme())
        window.resize(1280, 720)
        window.show()
        self._until(window.isVisible)
        began, spent = time.perf_counter(), time.process_time()
        window.pages.open(HISTORY)
        page = window.pages.shown
        assert isinstance(page, HistoryPage)
        self._until(lambda: page.reader.model.rowCount() > 0)
        page.repaint()
        taken = (time.perf_counter() - began, time.process_time() - spent)
        window.close()
        window.deleteLater()
        return taken[0] * 1000, taken[1] * 1000

    def _until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self._events.turn()
            if time.monotonic() > deadline:
                raise TimeoutError("the history was not shown in time")


def main() -> None:
    """Print what was measured as one line of JSON."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.stdout.write(json.dumps(HistoryProbe().run(int(sys.argv[1]))) + "\n")


if __name__ == "__main__":
    from avatar_app.system.process import prepare_process

    prepare_process()
    main()
