"""The pose of a face at one moment, and everything needed to continue smoothly from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from avatar_app.core.values import FaceState


class Mouth(NamedTuple):
    """How a mouth is shaped; the zeros are a mouth at rest."""

    opening: float = 0.0
    """Between the lips: 0 closed, 1 the widest."""
    jaw: float = 0.0
    """How far the chin is lowered, 0 to 1."""
    width: float = 0.0
    """Of the lips: −1 narrow, 1 spread."""
    rounding: float = 0.0
    """Lips forward, 0 to 1."""
    upper_teeth: float = 0.0
    lower_teeth: float = 0.0
    tongue: float = 0.0
    """0 lies low, 1 touches the upper teeth."""
    tip: float = 0.0
    """The tongue's tip between the teeth, 0 to 1."""
    press: float = 0.0
    """Lips pressed together, 0 to 1."""
    tuck: float = 0.0
    """The lower lip under the upper teeth, 0 to 1."""


REST_SMILE = 0.5
"""How much a face smiles when nothing happens."""


class Expression(NamedTuple):
    """What eases from one state to the next; the defaults are a friendly face at rest."""

    lids: float = 1.0
    """1 open, 0 closed."""
    brows: float = 0.0
    """Raised, −1 to 1."""
    brow_inner: float = 0.0
    """Inner ends raised (worry, care) or drawn together, −1 to 1."""
    brow_cock: float = 0.0
    """One brow higher than the other, −1 to 1."""
    smile: float = REST_SMILE
    """0 none, 1 broad."""
    gaze_x: float = 0.0
    """−1 left of the picture, 1 right."""
    gaze_y: float = 0.0
    """−1 down, 1 up."""
    yaw: float = 0.0
    """Head turned, −1 left of the picture, 1 right."""
    pitch: float = 0.0
    """−1 down, 1 up."""
    roll: float = 0.0
    """Head tilted, in degrees, clockwise."""


STILL = Expression(*[0.0] * len(Expression._fields))

QUICKNESS = Expression(
    lids=13.0,
    brows=13.0,
    brow_inner=11.0,
    brow_cock=9.0,
    smile=6.0,
    gaze_x=42.0,
    gaze_y=42.0,
    yaw=5.5,
    pitch=7.0,
    roll=5.0,
)
"""Radians per second of the critically damped spring that carries each part to its target."""


@dataclass(frozen=True, slots=True)
class Pose:
    """One moment of a face."""

    clock: float = 0.0
    """Seconds of life; breath, blinks and glances follow it."""
    look: FaceState = FaceState.IDLE
    mouth: Mouth = field(default_factory=Mouth)
    expression: Expression = field(default_factory=Expression)
    speed: Expression = STILL
    """Change of the expression per second."""
    blink: float = 0.0
    """0 open, 1 closed."""
    nod: float = math.inf
    """Seconds since the last nod began."""
    engagement: float = 0.0
    """0 resting, 1 speaking; eased."""

    @property
    def mouth_open(self) -> float:
        """Return how far the lips are apart, 0 to 1."""
        return self.mouth.opening


def ease(
    value: Expression, speed: Expression, target: Expression, seconds: float
) -> tuple[Expression, Expression]:
    """Return value and speed of the springs after `seconds`: exact, so it is stable at any step."""
    values, speeds = [], []
    for x, v, goal, quick in zip(value, speed, target, QUICKNESS, strict=True):
        away = x - goal
        drive = v + quick * away
        decay = math.exp(-quick * seconds)
        values.append(goal + (away + drive * seconds) * decay)
        speeds.append((v - quick * drive * seconds) * decay)
    return Expression(*values), Expression(*speeds)
