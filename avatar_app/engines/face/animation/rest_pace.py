"""The pace of a face at rest: fewer pictures where the machine takes long for each."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHARE = 0.08
"""Of a core, for drawing a face at rest that is calm."""
LEAST_FPS = 8.0
"""Fewer pictures a second look like a stumble in its breath."""
REMEMBERED = 25


class RestPace:
    """Knows what the latest pictures at rest took."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        """`clock`: seconds of processor time."""
        self._clock = clock
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Draw one picture."""
        before = self._clock()
        yield
        self._seconds.append(self._clock() - before)

    def fps(self, most: float) -> float:
        """Return the pictures per second that a calm face may have, `most` at the most."""
        if not self._seconds:
            return most
        usual = statistics.median(self._seconds)
        affordable = SHARE / usual if usual > 0 else most
        return min(most, max(LEAST_FPS, affordable))
