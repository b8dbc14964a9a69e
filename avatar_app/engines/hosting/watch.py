"""Detects hung engines, by the processor time they got rather than by the clock alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK_EVERY = 1.0
"""Seconds between two looks."""
_WAITS = "S"
"""State of a thread that waits for something else than the processor or the disk (proc(5))."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A process, at one moment."""

    at: float
    """Seconds of a clock that never goes back."""
    processor: float
    """Seconds of processor time, of all threads, that it has had."""
    waits: bool
    """None of its threads wants the processor or waits for a disk."""


def reading_of(pid: int) -> Reading | None:
    """None where there is no such process any more."""
    try:
        process = psutil.Process(pid)
        used = process.cpu_times()
        return Reading(time.monotonic(), used.user + used.system, _waits(process))
    except psutil.Error:
        return None


def _waits(process: psutil.Process) -> bool:
    tasks = Path(f"/proc/{process.pid}/task")
    try:
        lines = [(task / "stat").read_text() for task in tasks.iterdir()]
    except OSError:  # not Linux, or a thread has just ended: its main thread must do
        return bool(process.status() == psutil.STATUS_SLEEPING)
    return all(line.rpartition(")")[2].split()[0] == _WAITS for line in lines)


class Watch:
    """Adds up for how long an engine could have made progress but made none.

    A second in which it computed, or could have but waited for something, counts; one in which
    others had the processor, or the disk was slow, does not. `progressed` resets it.
    """

    def __init__(self, patience: float, read: Callable[[], Reading | None]) -> None:
        """`patience`: seconds after which it hangs."""
        self._patience, self._read = patience, read
        self._spent, self._last = 0.0, read()

    @property
    def step(self) -> float:
        """Seconds to wait until the next look."""
        return min(LOOK_EVERY, self._patience / 4)

    def progressed(self) -> None:
        """There was a sign of life."""
        self._spent, self._last = 0.0, None  # nothing is read here: there may be many

    def is_over(self) -> bool:
        """Whether the engine hangs; asked about every `step`."""
        last, now = self._last, self._read()
        self._last = now
        if now is None or last is None:
            return False  # start again; if it is dead, waiting callers are notified
        passed, computed = now.at - last.at, now.processor - last.processor
        self._spent += passed if now.waits and last.waits else min(computed, passed)
        return self._spent >= self._patience
