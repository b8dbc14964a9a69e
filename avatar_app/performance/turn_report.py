"""Report of one turn: what took how long until the first sound, next to the turns before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from avatar_app.core.events import TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.core.values import Pictures
from avatar_app.storage.stage_times import StageTimes, find_span


class WaitStage(StrEnum):
    """What the user waits for, in its order."""

    END_OF_TURN = "end of turn"
    RECOGNITION = "recognition"
    FIRST_TOKEN = "first token"
    VOICE = "voice"
    FACE = "face"
    DEVICE = "device"


_SPANS = {
    WaitStage.END_OF_TURN: ("end of turn", None),
    WaitStage.RECOGNITION: ("text", Kind.ASR),
    WaitStage.FIRST_TOKEN: ("first token", Kind.DIALOGUE),
    WaitStage.VOICE: ("first speech", Kind.TTS),
    WaitStage.FACE: ("face", Kind.FACE),
    WaitStage.DEVICE: ("device", None),
}
"""The measured span of each stage, and the kind of engine that determines it."""


@dataclass(frozen=True, slots=True)
class StageBar:
    """One stage of a turn. Times are in milliseconds since the user stopped speaking, or sent what
    was typed."""

    stage: WaitStage
    kind: Kind | None
    """The kind of engine that determines it."""
    start_ms: float
    end_ms: float
    usual: StageTimes | None = None
    """The same stage over the stored turns."""

    @property
    def ms(self) -> float:
        """How long it took."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class TurnReport:
    """Where the time of a turn went."""

    bars: tuple[StageBar, ...] = ()
    first_sound_ms: float | None = None
    """When the answer was heard."""
    usual_first_sound: StageTimes | None = None
    pictures: Pictures = field(default_factory=Pictures)

    @property
    def by_duration(self) -> tuple[StageBar, ...]:
        """The stages, the longest first."""
        return tuple(sorted(self.bars, key=lambda bar: -bar.ms))


def turn_report(turn: TurnEnded, history: Iterable[StageTimes]) -> TurnReport:
    """Return the stages whose marks the turn has. `history`: see `Measurements.stages`."""
    usual = {times.span.name: times for times in history}
    marks = dict(turn.marks)
    if "end_of_turn" in marks:
        marks.setdefault("text", marks["end_of_turn"])  # what was typed needs no recognition
    begun = [marks[name] for name in ("user_stopped", "text") if name in marks]
    if not begun:
        return TurnReport(pictures=turn.pictures)
    zero = min(begun)
    bars = []
    for stage, (name, kind) in _SPANS.items():
        span = find_span(name)
        bounds = span.bounds(marks) if span else None
        if bounds is not None:
            start, end = ((at - zero) * 1000 for at in bounds)
            bars.append(StageBar(stage, kind, start, end, usual.get(name)))
    sound = (marks["first_sound"] - zero) * 1000 if "first_sound" in marks else None
    return TurnReport(tuple(bars), sound, usual.get("first sound"), turn.pictures)


def usual_report(history: Iterable[StageTimes]) -> TurnReport:
    """Return the stages of a typical turn, one after the other, where no turn ended yet."""
    usual = {times.span.name: times for times in history}
    bars, at = [], 0.0
    for stage, (name, kind) in _SPANS.items():
        if times := usual.get(name):
            bars.append(StageBar(stage, kind, at, at, times))
            at += times.p50_ms
    return TurnReport(tuple(bars), None, usual.get("first sound"))
