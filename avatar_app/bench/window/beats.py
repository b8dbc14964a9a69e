"""Measures how late the event loop is, which is how late a window answers its user."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, QTimer

BEAT_MS = 10
"""Interval of the timer that checks the event loop."""


class Beats(QObject):
    """Requests a call of the event loop every 10 ms, and records how late each one is."""

    def __init__(self) -> None:
        super().__init__()
        self.late_ms: list[float] = []
        self.busy_ms: list[float] = []
        """Processor time of this thread between two calls; other programs do not count."""
        self._due = self._used = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self._due, self._used = time.perf_counter() + BEAT_MS / 1000, time.thread_time()
        self._timer.start(BEAT_MS)

    def stop(self) -> None:
        self._timer.stop()

    def quantile(self, share: float) -> float | None:
        return quantile(self.late_ms, share) if self.late_ms else None

    def _beat(self) -> None:
        now, used = time.perf_counter(), time.thread_time()
        self.late_ms.append(max(0.0, now - self._due) * 1000)
        self.busy_ms.append((used - self._used) * 1000)
        self._due, self._used = now + BEAT_MS / 1000, used


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed; 0 where there are none."""
    ordered = sorted(values)
    return ordered[int(share * (len(ordered) - 1))] if ordered else 0.0
