"""Measures a call's pictures where they are taken and encoded, until somebody reads it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from avatar_app.server.webrtc.quality import SIZES, CallReading


@dataclass(slots=True)
class _Counts:
    changed: int = 0
    moments: int = 0
    dropped: int = 0
    encoded: int = 0
    seconds: float = 0.0
    bits: int = 0


class CallMeter:
    """Thread-safe: pictures are encoded in other threads than they are taken in."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: in seconds."""
        self._clock, self._begun = clock, clock()
        self._counts, self._lock = _Counts(), threading.Lock()
        self.allowed_rate = 0
        """Bits per second that the receiver estimates to be possible."""
        self.most_rate = SIZES[0].most_rate
        """Bits per second that are sent at most, for pictures of their size."""

    def passed(self, moments: int, dropped: int) -> None:
        """So many moments at which a picture may be sent have passed; `dropped`: those of them at
        which the picture before was still on its way."""
        with self._lock:
            self._counts.moments += moments
            self._counts.dropped += dropped

    def changed(self) -> None:
        """A picture was taken that is another than before."""
        with self._lock:
            self._counts.changed += 1

    def encoded(self, seconds: float, size: int) -> None:
        """A picture was encoded, into so many bytes."""
        with self._lock:
            self._counts.encoded += 1
            self._counts.seconds += seconds
            self._counts.bits += 8 * size

    def read(self, lost: float | None) -> CallReading:
        """Return how the call went since the last reading. `lost`: share of packets, as the
        receiver has reported meanwhile."""
        with self._lock:
            counts, self._counts = self._counts, _Counts()
        now = self._clock()
        passed, self._begun = max(now - self._begun, 1e-3), now
        return CallReading(
            pictures=counts.changed + counts.dropped,
            dropped=counts.dropped / max(1, counts.moments),
            encoding=counts.seconds / max(1, counts.encoded),
            lost=lost,
            allowed_rate=self.allowed_rate,
            sent_rate=counts.bits / passed,
        )
