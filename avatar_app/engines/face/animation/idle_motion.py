"""Idle motion of a face: breath, blinks, glances, small motions, and expression.

Everything follows the pose's clock and a seed, so the same moment of life looks the same again.
"""

from __future__ import annotations

import math
import random
from functools import lru_cache

from avatar_app.core.values import FaceState, Mood
from avatar_app.engines.face.animation.pose import STILL, Expression, Mouth, Pose, ease

BLINK_SLOT = 4.2
"""Seconds in each of which the eyes blink once, now and then twice."""
_GLANCE_SLOT = 1.35
"""Seconds between two glances."""
NOD_SECONDS = 0.62

LOOKS: dict[FaceState, Expression] = {
    FaceState.IDLE: Expression(),
    FaceState.LISTENING: Expression(
        lids=1.06, brows=0.20, brow_inner=0.15, smile=0.62, roll=2.6, pitch=0.06
    ),
    FaceState.NODDING: Expression(
        lids=1.04, brows=0.24, brow_inner=0.15, smile=0.75, roll=2.6, pitch=0.02
    ),
    FaceState.AMUSED: Expression(
        lids=0.86, brows=0.34, brow_inner=0.10, smile=1.0, roll=3.4, pitch=0.14
    ),
    FaceState.THINKING: Expression(
        lids=0.96, brows=0.22, brow_cock=0.38, smile=0.30, gaze_x=0.62, gaze_y=0.66,
        yaw=0.34, pitch=0.20, roll=-2.2,
    ),
    FaceState.SPEAKING: Expression(lids=1.0, brows=0.05, smile=0.45),
    FaceState.ASLEEP: Expression(
        lids=0.0, brows=-0.14, brow_inner=0.08, smile=0.42, pitch=-0.42, roll=-3.2
    ),
}  # fmt: skip

MOODS: dict[Mood, Expression] = {
    Mood.NEUTRAL: STILL,
    Mood.JOY: STILL._replace(smile=0.42, brows=0.10, lids=-0.07, pitch=0.08),
    Mood.CONCERN: STILL._replace(smile=-0.40, brow_inner=0.60, brows=0.06, pitch=-0.12, roll=2.2),
    Mood.SURPRISE: STILL._replace(brows=0.55, lids=0.10, pitch=0.12),
}
"""What is added to the look of a face that speaks."""
_RESTLESS: dict[FaceState, float] = {
    FaceState.IDLE: 1.0,
    FaceState.LISTENING: 0.5,
    FaceState.NODDING: 0.4,
    FaceState.AMUSED: 0.8,
    FaceState.THINKING: 0.8,
    FaceState.SPEAKING: 1.15,
    FaceState.ASLEEP: 0.25,
}
"""How much the head moves by itself."""

_SETTLED = 0.01
"""What of a movement is left when it is over."""
_UNHURRIED = Expression(
    lids=0.2, brows=0.2, brow_inner=0.2, brow_cock=0.2, smile=0.2,
    gaze_x=math.inf, gaze_y=math.inf, yaw=0.6, pitch=0.4, roll=3.0,
)  # fmt: skip
"""Speeds, per second, that a dozen pictures a second show as one movement. Glances are
instantaneous at any frame rate."""


def advance_pose(
    pose: Pose,
    look: FaceState,
    seconds: float,
    liveliness: float,
    loud: float = 0.0,
    gaze: float = 1.0,
    mood: Mood = Mood.NEUTRAL,
) -> Pose:
    """Return the pose `seconds` later, its mouth easing toward rest; `loud` (0 to 1) accents
    speech. `gaze`: how much the eyes wander."""
    clock = pose.clock + seconds
    nodding = look is FaceState.NODDING and pose.look is not FaceState.NODDING
    target = _felt(_target(look, clock, liveliness, loud, gaze), mood, liveliness)
    expression, speed = ease(pose.expression, pose.speed, target, seconds)
    aim = 1.0 if look is FaceState.SPEAKING else 0.0
    share = 1 - math.exp(-seconds / 0.075)
    return Pose(
        clock=clock,
        look=look,
        mouth=Mouth(*(part * (1 - share) for part in pose.mouth)),
        expression=expression,
        speed=speed,
        blink=blink(clock),
        nod=0.0 if nodding else min(pose.nod + seconds, 60.0),
        engagement=pose.engagement + (aim - pose.engagement) * share,
    )


def is_calm(pose: Pose, look: FaceState, seconds: float) -> bool:
    """Whether nothing quick happens in the next `seconds`: breath, drifting head and brows only."""
    return (
        look is pose.look
        and pose.engagement < _SETTLED
        and max(pose.mouth) < _SETTLED
        and pose.nod >= NOD_SECONDS
        and all(abs(v) < most for v, most in zip(pose.speed, _UNHURRIED, strict=True))
        and not pose.blink
        and not blink(pose.clock + seconds)
    )


def _target(
    look: FaceState, clock: float, liveliness: float, loud: float, gaze: float
) -> Expression:
    base = LOOKS[look]
    restless = _RESTLESS[look] * liveliness
    x, y = glance(clock, look)
    accent = max(loud - 0.55, 0.0) * 2 * liveliness
    return base._replace(
        brows=base.brows + 0.10 * drift(clock, 0.11, 1) * restless + 0.32 * accent,
        smile=base.smile + 0.08 * drift(clock, 0.07, 2),
        gaze_x=(base.gaze_x + x * liveliness) * gaze,
        gaze_y=(base.gaze_y + y * liveliness) * gaze,
        yaw=base.yaw + restless * (0.36 * drift(clock, 0.13, 3) + 0.12 * drift(clock, 0.41, 4)),
        pitch=base.pitch + restless * 0.20 * drift(clock, 0.17, 5) - 0.20 * accent,
        roll=base.roll + restless * (1.5 * drift(clock, 0.10, 6) + 0.5 * drift(clock, 0.37, 7)),
    )


def _felt(target: Expression, mood: Mood, liveliness: float) -> Expression:
    added = MOODS[mood]
    return Expression(*(a + b * liveliness for a, b in zip(target, added, strict=True)))


def drift(clock: float, pace: float, channel: int) -> float:
    """Return smooth noise in [−1, 1]: three sines that never meet again, about `pace` turns a
    second."""
    phase = channel * 2.399963
    turn = math.tau * pace * clock
    return (
        math.sin(turn + phase)
        + 0.6 * math.sin(turn * 1.618034 + phase * 1.7)
        + 0.4 * math.sin(turn * 2.718282 + phase * 2.3)
    ) / 2.0


def breath(clock: float) -> float:
    """Return 0 for breathed out, 1 for breathed in; a breath takes 4.4 seconds."""
    turn = math.tau * clock / 4.4
    return 0.5 - 0.5 * math.cos(turn + 0.35 * math.sin(turn))


def nod_pitch(pose: Pose) -> float:
    """Return how far a nod lowers the head now: down once, and a little once more."""
    if pose.nod >= NOD_SECONDS:
        return 0.0
    share = pose.nod / NOD_SECONDS
    return -1.6 * math.sin(math.pi * share) ** 2 * (1 - 0.35 * share)


@lru_cache(maxsize=64)
def _blinks(slot: int) -> tuple[float, ...]:
    dice = random.Random(f"blink {slot}")
    first = slot * BLINK_SLOT + dice.uniform(0.3, BLINK_SLOT - 1.2)
    return (first, first + 0.38) if dice.random() < 0.14 else (first,)


def blink(clock: float) -> float:
    """Return how far a blink has closed the eyes: shut in 80 ms, open again in 170."""
    most = 0.0
    for start in _blinks(int(clock // BLINK_SLOT)):
        since = clock - start
        if 0 <= since < 0.29:
            share = since / 0.08 if since < 0.08 else 1 - max(since - 0.12, 0.0) / 0.17
            share = min(max(share, 0.0), 1.0)
            most = max(most, share * share * (3 - 2 * share))
    return most


@lru_cache(maxsize=64)
def _glance(slot: int) -> tuple[float, float, float]:
    """Return when within its slot the eyes jump, and where to."""
    dice = random.Random(f"glance {slot}")
    wide = 2.6 if dice.random() < 0.16 else 1.0
    return dice.uniform(0, 0.8), dice.gauss(0, 0.075) * wide, dice.gauss(0, 0.045) * wide


def glance(clock: float, look: FaceState) -> tuple[float, float]:
    """Return the offset of the gaze from where the expression directs it."""
    slot = int(clock // _GLANCE_SLOT)
    jump, x, y = _glance(slot)
    if clock - slot * _GLANCE_SLOT < jump:
        _, x, y = _glance(slot - 1)
    steady = 0.55 if look in (FaceState.LISTENING, FaceState.NODDING, FaceState.AMUSED) else 1.0
    return x * steady, y * steady
