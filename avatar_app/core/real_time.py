"""Clocks that go on while the computer is suspended: for what must end in time, also then.

`time.monotonic` stands still meanwhile on Linux and macOS; on Windows it goes on.
"""

from __future__ import annotations

import time

_CLOCKS = ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC")
"""That of Linux; and of macOS, where this name is no clock that stands still."""


def _going_on() -> int | None:
    """Return the number of such a clock; None where there is none besides `time.monotonic`."""
    for name in _CLOCKS:
        try:
            clock: int = getattr(time, name)
            time.clock_gettime(clock)
        except (AttributeError, OSError):
            continue
        return clock
    return None


_CLOCK = _going_on()


def real_seconds() -> float:
    """Return the seconds since some moment, those of suspension included; never set back."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


def suspended_seconds() -> float:
    """Return a number that grows by the seconds for which the computer is suspended."""
    return real_seconds() - time.monotonic()
