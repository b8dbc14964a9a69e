"""Running quantile of the last values."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque


class RunningQuantile:
    """Keeps the last `most` values sorted: queried a hundred times a second."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._arrived: deque[float] = deque()
        self._values: list[float] = []

    def __len__(self) -> int:
        return len(self._values)

    def add(self, value: float) -> None:
        if len(self._arrived) == self._most:
            del self._values[bisect_left(self._values, self._arrived.popleft())]
        self._arrived.append(value)
        insort(self._values, value)

    def quantile(self, share: float) -> float:
        """Interpolate between the two adjacent values, as numpy does; 0 for no values."""
        if not self._values:
            return 0.0
        place = share * (len(self._values) - 1)
        below = int(place)
        low, high = self._values[below], self._values[min(below + 1, len(self._values) - 1)]
        return low + (high - low) * (place - below)
