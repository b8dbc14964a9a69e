"""Substitutes: an engine that cannot work, or fails again and again, makes way for the embedded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from avatar_app.core.errors import DeviceUnavailable, InputInvalid, ModelMissing, OutOfMemory
from avatar_app.core.events import Failed
from avatar_app.core.manifest import Kind

FAILURES = 3
WITHIN = 60.0
"""Seconds in which so many failures are too many."""
LASTING = (ModelMissing, InputInvalid, DeviceUnavailable, OutOfMemory)
"""What does not pass by trying again."""
KIND_OF_STAGE = {
    "recognize": Kind.ASR,
    "think": Kind.DIALOGUE,
    "speak": Kind.TTS,
}
"""Faces are not among them: they have a ladder of their own."""


class CircuitBreaker:
    """Counts failures; calls `substitute(kind)` when a kind had too many, or one that lasts."""

    def __init__(self, substitute: Callable[[Kind], None], clock: Callable[[], float]) -> None:
        self._substitute, self._clock = substitute, clock
        self._failures: dict[Kind, deque[float]] = {}

    def __call__(self, failed: Failed) -> None:
        kind = KIND_OF_STAGE.get(failed.stage)
        if kind is None:
            return
        times = self._failures.setdefault(kind, deque(maxlen=FAILURES))
        times.append(self._clock())
        lasts = issubclass(failed.reason, LASTING)
        if lasts or (len(times) == FAILURES and times[-1] - times[0] <= WITHIN):
            times.clear()
            self._substitute(kind)
