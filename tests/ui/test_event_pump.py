"""The pump sleeps between events, and hands out those that come."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from avatar_app.bench.window.event_pump import BEAT_MS, EventPump


def test_event_pump_sleeps_between_turns(qapp: QApplication) -> None:
    pump, turns, fired = EventPump(), 0, []
    QTimer.singleShot(30, lambda: fired.append(True))
    begun = time.perf_counter()
    while not fired or turns < 30:
        pump.turn()
        turns += 1
    slept = time.perf_counter() - begun
    assert slept > turns * BEAT_MS / 10_000  # next to nothing, if it did not sleep
