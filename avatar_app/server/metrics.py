"""Counts what the server did, and writes figures in the text format of Prometheus.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

PREFIX = "avatar_"
BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds: the upper ends of the classes of a histogram."""


@dataclass(frozen=True, slots=True)
class ServerFigure:
    """One figure."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    kind: str = "gauge"
    suffix: str = ""
    """What follows the name in its line: of histograms."""


class ServerCounters:
    """What happened since the start. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, int], int] = {}
        self._first_sound: list[int] = [0] * (len(BUCKETS) + 1)
        self._first_sound_seconds = 0.0
        self._calls: dict[object, int] = {}
        self._call_steps: dict[str, int] = {}

    def count_request(self, path: str, status: int) -> None:
        """A request was answered."""
        with self._lock:
            key = (path, status)
            self._requests[key] = self._requests.get(key, 0) + 1

    def count_of(self, path: str, status: int) -> int:
        """Return how many requests of a path ended with this status."""
        return self._requests.get((path, status), 0)

    def count_first_sound(self, seconds: float) -> None:
        """A text was asked for, and so much later its first sound was there."""
        at = sum(seconds > bucket for bucket in BUCKETS)
        with self._lock:
            self._first_sound[at] += 1
            self._first_sound_seconds += seconds

    def set_call(self, call: object, lines: int) -> None:
        """A call goes on with pictures of so many lines."""
        with self._lock:
            self._calls[call] = lines

    def end_call(self, call: object) -> None:
        """A call is over, if it ever began."""
        with self._lock:
            self._calls.pop(call, None)

    def count_call_step(self, reason: str) -> None:
        """A call's pictures have become smaller or larger. `reason`: why."""
        with self._lock:
            self._call_steps[reason] = self._call_steps.get(reason, 0) + 1

    def metrics(self) -> Iterator[ServerFigure]:
        """Yield all figures."""
        with self._lock:
            requests, counts = dict(self._requests), list(self._first_sound)
            seconds = self._first_sound_seconds
            calls, steps = Counter(self._calls.values()), dict(self._call_steps)
        for (path, status), count in sorted(requests.items()):
            labels = {"path": path, "status": str(status)}
            yield ServerFigure("requests_total", "Requests that ended.", count, labels, "counter")
        yield from _histogram(counts, seconds)
        yield from _of_calls(calls, steps)


def _of_calls(calls: Mapping[int, int], steps: Mapping[str, int]) -> Iterator[ServerFigure]:
    for lines, count in sorted(calls.items()):
        help = "Calls by WebRTC, by the lines of their pictures."
        yield ServerFigure("calls", help, count, {"lines": str(lines)})
    for reason, count in sorted(steps.items()):
        help = "Times that a call's pictures became smaller or larger."
        yield ServerFigure("call_steps_total", help, count, {"reason": reason}, "counter")


def _histogram(counts: list[int], seconds: float) -> Iterator[ServerFigure]:
    name, help = "first_sound_seconds", "Seconds until the first sound of a text."
    for at, bound in enumerate((*map(str, BUCKETS), "+Inf")):
        total = sum(counts[: at + 1])
        yield ServerFigure(name, help, total, {"le": bound}, "histogram", "_bucket")
    yield ServerFigure(name, help, seconds, {}, "histogram", "_sum")
    yield ServerFigure(name, help, sum(counts), {}, "histogram", "_count")


def as_prometheus(metrics: Iterable[ServerFigure]) -> str:
    """Return the figures as text; those of a name stand together."""
    lines: list[str] = []
    described = ""
    for metric in sorted(metrics, key=lambda each: each.name):
        if metric.name != described:
            described = metric.name
            lines.append(f"# HELP {PREFIX}{metric.name} {metric.help}")
            lines.append(f"# TYPE {PREFIX}{metric.name} {metric.kind}")
        pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in metric.labels.items())
        labels = f"{{{pairs}}}" if pairs else ""
        lines.append(f"{PREFIX}{metric.name}{metric.suffix}{labels} {metric.value:g}")
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
