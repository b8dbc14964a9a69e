"""Monotonic clocks: real or simulated time, and the translation of sound card times."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from threading import Event
from typing import Protocol

LATE_SECONDS = 1.0
"""A pacer that is later than this (the machine was suspended) skips the past instead of catching
up."""
JUMP_SECONDS = 0.05
"""A measured time further away than this from the expected one starts a new timeline."""
REMEMBERED_CALLBACKS = 100
"""One second: a step of the system's time is forgotten after it."""
TRUST = 0.05
"""How much one measured time moves the expected one: jitter is averaged out, drift of a sound card
is followed."""


class Clock(Protocol):
    def now(self) -> float:
        """Return the seconds since an arbitrary moment."""
        ...

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait until the event is set (True), at most `seconds`."""
        ...


class MonotonicClock:
    """The machine's clock, `time.monotonic()`."""

    def now(self) -> float:
        return time.monotonic()

    def wait(self, event: Event, seconds: float) -> bool:
        return event.wait(max(0.0, seconds))


def _one() -> int:
    return 1


def beats(
    clock: Clock, seconds: float, stop: Event, together: Callable[[], int] = _one
) -> Iterator[tuple[float, int]]:
    """The times of equally long blocks, as they have passed, until `stop` is set: when the first
    of so many began as `together`, which is asked each time, wants to wait for."""
    due = clock.now()
    count = together()
    while not clock.wait(stop, due + count * seconds - clock.now()):
        if clock.now() - due > LATE_SECONDS:
            due = clock.now() - count * seconds
        yield due, count
        due += count * seconds
        count = together()


class StreamClock:
    """Translates a sound card's times to the monotonic clock.

    A callback waits for the interpreter and so can only be late: the earliest of the latest ones
    shows by how much the two clocks differ.
    """

    def __init__(self) -> None:
        self._gaps: deque[float] = deque(maxlen=REMEMBERED_CALLBACKS)

    def translate(self, event: float, current: float, now: float) -> float:
        """Return the monotonic time of `event`, reported by a callback at `now` that began at
        `current`."""
        self._gaps.append(now - current)
        return event + min(self._gaps)


class Timeline:
    """Smooth times for the samples of one stream, from the jittery times of its callbacks."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._next: float | None = None

    def place(self, frames: int, measured: float) -> float:
        """Return the time of the first of the next `frames` samples, whose callback measured it."""
        if self._next is None or abs(measured - self._next) > JUMP_SECONDS:
            start = measured
        else:
            start = self._next + TRUST * (measured - self._next)
        self._next = start + frames / self._rate
        return start
