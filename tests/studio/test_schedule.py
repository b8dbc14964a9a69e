"""Deadlines in virtual time: the best steps that are in time, or a sentence at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from avatar_app.studio.schedule import (
    RESERVE,
    DeadlineMissed,
    Pace,
    PlannedStep,
    StepTooSlow,
    duration,
    plan,
)


@dataclass
class Table:
    """Seconds per unit that were measured."""

    rates: dict[tuple[str, str], float] = field(default_factory=dict)

    def seconds_per_unit(self, step: str, variant: str) -> float | None:
        return self.rates.get((step, variant))


COSTS = Table(
    {
        ("sound", "espeak"): 1 / RESERVE,
        ("actor", "photo"): 3 / RESERVE,
        ("life", "animate"): 30 / RESERVE,
        ("life", "still"): 0.0,
        ("frames", "wav2lip"): 0.2 / RESERVE,
        ("frames", "photo"): 0.02 / RESERVE,
        ("export", "h264"): 0.01 / RESERVE,
    }
)
STEPS = (
    PlannedStep("sound", ("espeak",), 1),
    PlannedStep("actor", ("photo",), 1),
    PlannedStep("life", ("animate", "still"), 1, ("actor",)),
    PlannedStep("frames", ("wav2lip", "photo"), 100, ("sound", "life")),
    PlannedStep("export", ("h264",), 100, ("frames",)),
)


def test_sound_and_actor_take_as_long_as_the_longer_one() -> None:
    choices = {step.name: step.variants[0] for step in STEPS}
    assert duration(STEPS[:2], choices, COSTS) == pytest.approx(3)
    assert duration(STEPS, choices, COSTS) == pytest.approx(3 + 30 + 20 + 1)


@pytest.mark.parametrize(
    ("left", "life", "face"),
    [
        (None, "animate", "wav2lip"),
        (60, "animate", "wav2lip"),
        (40, "still", "wav2lip"),  # what saves most becomes lighter first
        (24.1, "still", "wav2lip"),
        (20, "still", "photo"),
        (6.1, "still", "photo"),
    ],
)
def test_the_best_steps_that_are_in_time_are_chosen(
    left: float | None, life: str, face: str
) -> None:
    chosen = plan(STEPS, COSTS, left).choices
    assert (chosen["life"], chosen["frames"]) == (life, face)


def test_what_can_never_be_in_time_is_said_at_once() -> None:
    with pytest.raises(DeadlineMissed, match=r"about 6 s here.*5 s are left.*deadline"):
        plan(STEPS, COSTS, 5)


def test_what_was_never_measured_is_tried() -> None:
    assert plan(STEPS, Table(), 0.5).choices["frames"] == "wav2lip"


def test_half_the_frames_cost_half() -> None:
    step = PlannedStep("frames", ("full", "half"), 100, (), {"full": 1.0, "half": 0.5})
    costs = Table({("frames", "full"): 0.1 / RESERVE, ("frames", "half"): 0.1 / RESERVE})
    assert plan([step], costs, 6).choices["frames"] == "half"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_step_that_is_too_slow_is_noticed_in_time_for_a_lighter_one() -> None:
    clock = Clock()
    pace = Pace("frames", 100.0, deadline=120.0, rest=2.0, lighter=4.0, clock=clock)
    clock.now = 104.0
    pace.check(0.25)  # 16 s in all, and 2 after it
    clock.now = 106.0
    with pytest.raises(StepTooSlow):
        pace.check(0.25)  # 24 s in all


def test_a_slow_step_goes_on_where_a_lighter_one_would_be_too_late_as_well() -> None:
    clock = Clock()
    pace = Pace("frames", 100.0, deadline=110.0, rest=2.0, lighter=6.0, clock=clock)
    clock.now = 105.0
    pace.check(0.3)


def test_the_deadline_ends_a_step() -> None:
    clock = Clock()
    pace = Pace("frames", 100.0, deadline=120.0, rest=0.0, lighter=None, clock=clock)
    clock.now = 119.9
    pace.check(0.5)
    clock.now = 120.0
    with pytest.raises(DeadlineMissed, match=r"“frames” was 90 % done"):
        pace.check(0.9)
    pace.check(1.0)  # what is done is done


def test_without_a_deadline_nothing_is_too_slow() -> None:
    clock = Clock()
    pace = Pace("frames", 100.0, None, 1e9, 0.0, clock)
    clock.now = 1e6
    pace.check(0.1)
