"""The target of an answer's first sound, and which stage keeps it from being met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from avatar_app.performance.monitor import ENOUGH
from avatar_app.storage.stage_times import StageTimes

FIRST_SOUND_MS = {True: 300.0, False: 900.0}
"""From the end of the user's speech to the first sound of the answer, by whether there is a
graphics card."""
FIRST_SOUND = "first sound"
STAGES = ("end of turn", "first token", "first speech", "device")
"""Spans that follow one another until then; recognition ends while the end of the turn is waited
for."""


@dataclass(frozen=True, slots=True)
class TargetCheck:
    """How the first sound does against its target, in milliseconds; medians."""

    target_ms: float
    first_sound_ms: float
    breakdown_ms: Mapping[str, float] = field(default_factory=dict)
    """What the stages took of it."""

    @property
    def is_met(self) -> bool:
        return self.first_sound_ms <= self.target_ms

    @property
    def longest(self) -> str:
        """The stage that took longest; empty if none was measured."""
        return max(self.breakdown_ms, key=lambda name: self.breakdown_ms[name], default="")

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "is_met": self.is_met, "longest": self.longest}


def check_targets(stages: Iterable[StageTimes], *, has_card: bool) -> TargetCheck | None:
    """Return None before some turns were measured."""
    times = {each.span.name: each for each in stages}
    sound = times.get(FIRST_SOUND)
    if sound is None or sound.count < ENOUGH:
        return None
    breakdown = {name: times[name].p50_ms for name in STAGES if name in times}
    return TargetCheck(FIRST_SOUND_MS[has_card], sound.p50_ms, breakdown)
