"""Monitors turn latencies, and reports engines that miss their targets."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from avatar_app.core.events import TurnEnded
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.storage.stage_times import SPANS, StageTimes, summarize, times_of

REMEMBERED = 500
"""Number of the latest turns in the statistics."""
ENOUGH = 5
"""Minimum turns before an engine is reported."""
DROPPED_SHARE = 0.05
"""Share of a face's pictures; more dropped ones are visible."""


@dataclass(frozen=True, slots=True)
class MissedTarget:
    """A missed target."""

    engine: str
    """The engine's name."""
    message: str
    suggestion: str
    """What to choose instead: a sentence, or empty."""


Suggest = Callable[[Manifest], str]
"""Suggests an alternative to an engine: a sentence, or empty."""


def broken_promise(engine: Manifest, times: StageTimes) -> str:
    """Return a warning about an engine whose first output came later than its target; else
    empty."""
    promised = engine.promises.first_output_ms
    if promised is None or times.count < ENOUGH or times.p50_ms <= promised:
        return ""
    return (
        f"{engine.title} takes {times.p50_ms:.0f} ms to its first output"
        f" instead of {promised:.0f} ms; this computer is too slow or too busy for it."
    )


def _no_suggestion(_engine: Manifest) -> str:
    return ""


class Monitor:
    """Receives every TurnEnded; may be queried from any thread."""

    def __init__(self, engines: Mapping[Kind, Manifest], suggest: Suggest = _no_suggestion) -> None:
        self._engines, self._suggest = engines, suggest
        self._lock = threading.Lock()
        self._times = {span: deque[float](maxlen=REMEMBERED) for span in SPANS}
        self._dropped = deque[float](maxlen=REMEMBERED)

    def add(self, turn: TurnEnded) -> None:
        """Take the times of one turn; spans whose marks it lacks are left out."""
        with self._lock:
            for span, milliseconds in times_of(turn).items():
                self._times[span].append(milliseconds)
            if drawn := turn.pictures.shown + turn.pictures.dropped:
                self._dropped.append(turn.pictures.dropped / drawn)

    def stages(self) -> tuple[StageTimes, ...]:
        """Return the spans that were measured at least once."""
        with self._lock:
            measured = [(span, each) for span, times in self._times.items() for each in times]
        return summarize(measured)

    def warnings(self) -> tuple[MissedTarget, ...]:
        """Return the missed targets."""
        late = [warning for times in self.stages() for warning in self._late(times)]
        return (*late, *self._dropping())

    def _late(self, times: StageTimes) -> Iterator[MissedTarget]:
        engine = self._engines.get(times.span.kind) if times.span.kind else None
        if engine is not None and (late := broken_promise(engine, times)):
            yield MissedTarget(engine.name, late, self._suggest(engine))

    def _dropping(self) -> Iterator[MissedTarget]:
        with self._lock:
            shares = list(self._dropped)
        face = self._engines.get(Kind.FACE)
        if face is None or len(shares) < ENOUGH or np.mean(shares) <= DROPPED_SHARE:
            return
        dropped = np.mean(shares)
        slow = (
            f"{face.title} is too slow on this computer: {dropped:.0%} of its pictures are dropped."
        )
        yield MissedTarget(face.name, slow, self._suggest(face))
