"""Runs Qt's event loop step by step, for programs that check something after each step."""

from __future__ import annotations

from PySide6.QtCore import QEventLoop, QTimer

BEAT_MS = 10
"""Maximum duration of a step."""


class EventPump:
    """Sleeps between events, unlike `processEvents` with a time limit, which would spin."""

    def __init__(self) -> None:
        self._loop = QEventLoop()
        self._timer = QTimer()
        self._timer.start(BEAT_MS)

    def turn(self) -> None:
        """Wait for events and handle them."""
        self._loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
