"""Deadlines: what each step takes here, and which lighter steps meet the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from avatar_app.core.errors import AvatarError, TooSlow

RESERVE = 1.15
"""Factor on what steps took before: machines are not equally quick at all times."""
TRIED = 0.05
"""Share of a step after which its own speed says more than earlier ones do."""


class DeadlineMissed(TooSlow):
    """A clip is not there in time, or cannot be."""


class StepTooSlow(AvatarError):
    """A step goes on too slowly: a lighter one is in time."""


class Costs(Protocol):
    """What steps took on this machine."""

    def seconds_per_unit(self, step: str, variant: str) -> float | None:
        """Return the seconds of work per unit; None where it was never measured."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step that is still to be done."""

    name: str
    variants: tuple[str, ...]
    """How it can be done, the best one first."""
    units: float
    """How much there is to do: characters, frames, pictures."""
    after: tuple[str, ...] = ()
    """The steps that it waits for."""
    share: Mapping[str, float] | None = None
    """Of the units that a variant does, where it is not all of them."""

    def cost(self, variant: str, costs: Costs) -> float:
        """Return the estimated seconds; 0 where nothing is known."""
        rate = costs.seconds_per_unit(self.name, variant)
        units = self.units * (self.share or {}).get(variant, 1.0)
        return 0.0 if rate is None else rate * units * RESERVE


@dataclass(frozen=True, slots=True)
class StepPlan:
    """How each remaining step is done."""

    choices: Mapping[str, str]
    """The variant of each step."""
    seconds: float
    """Estimated until the last step is done."""


def duration(steps: Sequence[PlannedStep], choices: Mapping[str, str], costs: Costs) -> float:
    """Return the seconds until the last step is done; steps that wait for nothing in common are
    done at the same time. `steps` are in an order in which they can be done."""
    ends: dict[str, float] = {}
    for step in steps:
        begins = max((ends.get(name, 0.0) for name in step.after), default=0.0)
        ends[step.name] = begins + step.cost(choices[step.name], costs)
    return max(ends.values(), default=0.0)


def plan(steps: Sequence[PlannedStep], costs: Costs, seconds_left: float | None) -> StepPlan:
    """Choose the best variants that meet the deadline: from the best ones down, each time the
    change that saves most.

    Raises DeadlineMissed where the lightest ones are known to take longer than `seconds_left`.
    """
    choices = {step.name: step.variants[0] for step in steps}
    seconds = duration(steps, choices, costs)
    if seconds_left is None:
        return StepPlan(choices, seconds)
    while seconds > seconds_left:
        lighter = [
            (duration(steps, choices | {step.name: variant}, costs), step.name, variant)
            for step in steps
            for variant in step.variants[step.variants.index(choices[step.name]) + 1 :]
        ]
        best = min(lighter, default=None)
        if best is None or best[0] >= seconds:
            raise DeadlineMissed(
                f"The clip takes about {seconds:.0f} s here, even with the lightest steps, and "
                f"{max(seconds_left, 0):.0f} s are left.",
                "Give it more time with `deadline`, or shorten the script.",
            )
        seconds, name, variant = best
        choices[name] = variant
    return StepPlan(choices, seconds)


@dataclass(frozen=True, slots=True)
class Pace:
    """Watches one step while it is done."""

    step: str
    begun: float
    """Seconds of the clock."""
    deadline: float | None
    """Seconds of the clock at which the clip must be there; None: no matter when."""
    rest: float
    """Estimated seconds of the steps after it."""
    lighter: float | None
    """Estimated seconds of a lighter variant from the beginning; None: there is none."""
    clock: Callable[[], float]

    def check(self, fraction: float) -> None:
        """Raise DeadlineMissed when the time is over, StepTooSlow as soon as the step would miss
        the deadline while a lighter one would not."""
        if self.deadline is None:
            return
        now = self.clock()
        if now >= self.deadline and fraction < 1:
            raise DeadlineMissed(
                f"The clip was not ready in time: the step “{self.step}” was "
                f"{100 * fraction:.0f} % done.",
                "What is done is kept: the same recipe goes on there. Give it more time with "
                "`deadline`.",
            )
        if self.lighter is None or fraction < TRIED:
            return
        left = (now - self.begun) * (1 - fraction) / fraction
        if now + left + self.rest > self.deadline >= now + self.lighter + self.rest:
            raise StepTooSlow(f"The step “{self.step}” is too slow for the deadline.")

    def without_lighter(self) -> Pace:
        """Return a watch that only knows the deadline."""
        return replace(self, lighter=None)
