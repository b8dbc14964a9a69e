"""Stage times of turns: the measured spans and their percentiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from avatar_app.core.events import TurnEnded
from avatar_app.core.manifest import Kind


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch between two marks of a turn."""

    name: str
    start: str
    end: str
    kind: Kind | None = None
    """The kind of engine whose first output it is, where the span contains nothing else."""
    after: str = ""
    """A second mark: the span starts at the later of the two."""

    def bounds(self, marks: Mapping[str, float]) -> tuple[float, float] | None:
        """Return start and end in seconds of the conversation's clock; None without the marks."""
        if self.start not in marks or self.end not in marks:
            return None
        start = max(marks[self.start], marks.get(self.after, marks[self.start]))
        return min(start, marks[self.end]), marks[self.end]


SPANS = (
    Span("end of turn", "user_stopped", "end_of_turn"),
    Span("text", "user_stopped", "text"),
    Span("first token", "text", "first_token", Kind.DIALOGUE),
    Span("first speech", "first_clause", "first_speech", Kind.TTS),
    Span("first sound", "user_stopped", "first_sound"),
    Span("first frame", "user_stopped", "first_frame"),
    Span("face", "first_speech", "first_frame", after="end_of_turn"),
    Span("device", "first_speech", "first_sound", after="end_of_turn"),
)


@dataclass(frozen=True, slots=True)
class StageTimes:
    """How long one span took, over the remembered turns."""

    span: Span
    count: int
    p50_ms: float
    p95_ms: float


def times_of(turn: TurnEnded) -> dict[Span, float]:
    """Return the milliseconds of each span whose marks the turn has."""
    found = ((span, span.bounds(turn.marks)) for span in SPANS)
    return {span: (bounds[1] - bounds[0]) * 1000 for span, bounds in found if bounds}


def find_span(name: str) -> Span | None:
    """Return the span of that name; None for one that is no longer measured."""
    return next((span for span in SPANS if span.name == name), None)


def summarize(measured: Iterable[tuple[Span | None, float]]) -> tuple[StageTimes, ...]:
    """Return the percentiles of the spans in `measured`, in the order of SPANS."""
    found: dict[Span, list[float]] = {}
    for span, milliseconds in measured:
        if span is not None:
            found.setdefault(span, []).append(milliseconds)
    return tuple(
        StageTimes(
            span, len(found[span]), *(float(p) for p in np.percentile(found[span], (50, 95)))
        )
        for span in SPANS
        if span in found
    )
