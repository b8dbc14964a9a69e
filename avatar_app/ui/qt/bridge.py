"""Delivers events and calls from other threads to the Qt thread, in order and in short slices."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from avatar_app.core.events import AudioLevels, Event

SLICE_SECONDS = 0.005
"""Maximum duration of a slice of deliveries before painting and input."""


class Bridge(QObject):
    """Passes events and calls from any thread to the Qt thread.

    `AudioLevels` are not queued: only the newest counts. A receiver that raises loses its own
    event, none of the others.
    """

    _woken = Signal()

    def __init__(self, receive: Callable[[Event], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._receive = receive
        self._lock = threading.Lock()
        self._waiting: deque[Event | Callable[[], None]] = deque()
        self._level: AudioLevels | None = None
        self._awake = False
        self._closed = False
        self._woken.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def post(self, item: Event | Callable[[], None]) -> None:
        """Deliver an event, or make a call, in the Qt thread; thread-safe."""
        with self._lock:
            if self._closed:
                return
            if isinstance(item, AudioLevels):
                self._level = item
            else:
                self._waiting.append(item)
            if not self._awake:
                self._awake = True
                self._woken.emit()

    @property
    def is_closed(self) -> bool:
        with self._lock:
            return self._closed

    def close(self) -> None:
        """Stop delivering, including what is still queued."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            self._level = None

    def _deliver(self) -> None:
        deadline = time.perf_counter() + SLICE_SECONDS
        drained = False
        try:
            while not drained and time.perf_counter() < deadline:
                drained = self._deliver_next()
        finally:
            if not drained:
                QTimer.singleShot(1, self._deliver)

    def _deliver_next(self) -> bool:
        item = self._take()
        if item is None:
            return True
        if callable(item):
            item()
        else:
            self._receive(item)
        return False

    def _take(self) -> Event | Callable[[], None] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            level, self._level = self._level, None
            self._awake = level is not None
            return level
