"""Qt's event loop for programs that look at something after each turn of it."""

from __future__ import annotations

from PySide6.QtCore import QEventLoop, QTimer

BEAT_MS = 10
"""A turn waits so long, at most."""


class EventPump:
    """Sleeps between events, which `processEvents` with a time limit does not: it would spin."""

    def __init__(self) -> None:
        self._loop = QEventLoop()
        self._timer = QTimer()
        self._timer.start(BEAT_MS)

    def turn(self) -> None:
        """Wait for events and handle them."""
        self._loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
