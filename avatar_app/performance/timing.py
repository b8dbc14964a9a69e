"""A door for programs that time their own stages against targets, and count their errors."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar_app.core.errors import ConfigInvalid
from avatar_app.performance.monitor import REMEMBERED
from avatar_app.performance.targets import FIRST_SOUND_MS

TARGETS: Mapping[str, float] = {"first_sound": FIRST_SOUND_MS[True]}
"""Milliseconds, by the name of what is timed."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long something took, over the remembered times, in milliseconds."""

    name: str
    count: int
    p50_ms: float
    p95_ms: float
    target_ms: float | None = None
    """None without a target."""

    @property
    def is_met(self) -> bool:
        """Whether half of the times are within the target."""
        return self.target_ms is None or self.p50_ms <= self.target_ms


class PerformanceMonitor:
    """Times what is named, from any thread; several of one name may run at once, each in a thread
    of its own. Remembers the latest 500 of each."""

    def __init__(
        self,
        targets: Mapping[str, float] = TARGETS,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`targets`: milliseconds by name. `clock`: seconds."""
        self._targets, self._clock = dict(targets), clock
        self._lock = threading.Lock()
        self._began: dict[tuple[str, int], float] = {}
        self._times: dict[str, deque[float]] = {}
        self._errors: Counter[tuple[str, str]] = Counter()

    def start_timing(self, name: str) -> None:
        """Begin, or begin again."""
        with self._lock:
            self._began[name, threading.get_ident()] = self._clock()

    def end_timing(self, name: str) -> float:
        """Return the milliseconds since this thread's `start_timing`. Raises ConfigInvalid without
        one."""
        with self._lock:
            now = self._clock()
            began = self._began.pop((name, threading.get_ident()), None)
            if began is None:
                raise ConfigInvalid(f"{name} is not being timed.", "Call start_timing before.")
            took = (now - began) * 1000
            self._times.setdefault(name, deque(maxlen=REMEMBERED)).append(took)
            return took

    def record_error(self, name: str, error: BaseException) -> None:
        """Count a failure; what was being timed in this thread has no time."""
        with self._lock:
            self._began.pop((name, threading.get_ident()), None)
            self._errors[name, type(error).__name__] += 1

    def statistics(self) -> tuple[Timing, ...]:
        """Return the times of each name, in the order in which they were first timed."""
        with self._lock:
            measured = {name: list(times) for name, times in self._times.items()}
        return tuple(
            Timing(
                name,
                len(times),
                float(np.percentile(times, 50)),
                float(np.percentile(times, 95)),
                self._targets.get(name),
            )
            for name, times in measured.items()
        )

    def errors(self) -> Mapping[str, Mapping[str, int]]:
        """Return how often what failed, by name and class of the error."""
        with self._lock:
            counted = dict(self._errors)
        found: dict[str, dict[str, int]] = {}
        for (name, error), count in counted.items():
            found.setdefault(name, {})[error] = count
        return found

    def check_performance_targets(self) -> tuple[str, ...]:
        """Return a sentence for each target that is missed; empty if all are met."""
        return tuple(
            f"{each.name} takes {each.p50_ms:.0f} ms instead of {each.target_ms:.0f} ms."
            for each in self.statistics()
            if each.target_ms is not None and not each.is_met
        )

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON-compatible values."""
        return {
            "timings": [
                {
                    "name": each.name,
                    "count": each.count,
                    "p50_ms": each.p50_ms,
                    "p95_ms": each.p95_ms,
                    "target_ms": each.target_ms,
                    "is_met": each.is_met,
                }
                for each in self.statistics()
            ],
            "errors": {name: dict(counts) for name, counts in self.errors().items()},
            "missed": list(self.check_performance_targets()),
        }
