"""Does long work in the window's thread a few milliseconds at a time, so that nothing stalls."""

from __future__ import annotations

import time
from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer

SLICE = 0.002
"""Seconds after which painting and input get their turn."""


class Slices(QObject):
    """Goes through the steps of an iterator: some at once, the others whenever the event loop is
    free."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._steps: Iterator[None] | None = None
        self._is_paused = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    @property
    def is_done(self) -> bool:
        """Whether no step is left."""
        return self._steps is None

    def begin(self, steps: Iterator[None]) -> None:
        """Take these steps in place of those under way; the first ones at once."""
        self._steps = steps
        if not self._is_paused:
            self._go_on()

    def pause(self) -> None:
        """Take no step until `resume`."""
        self._is_paused = True
        self._timer.stop()

    def resume(self) -> None:
        """Go on, where steps are left."""
        self._is_paused = False
        self._timer.start(0)

    def finish(self) -> None:
        """Take all steps that are left, at once."""
        self._run(float("inf"))

    def _go_on(self) -> None:
        self._run(SLICE)

    def _run(self, seconds: float) -> None:
        self._timer.stop()
        if (steps := self._steps) is None:
            return
        is_left = False  # also where a step fails
        try:
            is_left = self._take(steps, time.perf_counter() + seconds)
        finally:
            if is_left and not self._is_paused:
                self._timer.start(0)
            elif not is_left and self._steps is steps:
                self._steps = None

    def _take(self, steps: Iterator[None], until: float) -> bool:
        """Take steps until a moment, and one at least; True if some are left."""
        for _ in steps:
            if self._steps is not steps:
                return False  # the step has begun others
            if time.perf_counter() >= until:
                return True
        return False
