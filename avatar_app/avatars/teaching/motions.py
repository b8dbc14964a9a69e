"""What a student of the whole head looks at: motions as the animation layer gives them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from avatar_app.core.generation import FaceMotion
from avatar_app.core.values import FaceState, Mood
from avatar_app.engines.face.animation.face_motion import face_motion
from avatar_app.engines.face.animation.idle_motion import advance_pose
from avatar_app.engines.face.animation.pose import Mouth, Pose
from avatar_app.engines.face.animation.visemes import SHAPES

EYE_PROBES = (
    FaceMotion(blink=1.0), FaceMotion(blink=0.5), FaceMotion(brows=0.9), FaceMotion(brows=-0.5),
    FaceMotion(gaze_x=0.8), FaceMotion(gaze_x=-0.8),
    FaceMotion(gaze_y=0.8), FaceMotion(gaze_y=-0.8),
)  # fmt: skip
MOUTH_PROBES = (
    FaceMotion(mouth_open=1.0), FaceMotion(mouth_open=0.5), FaceMotion(mouth_width=0.8),
    FaceMotion(mouth_width=-0.9), FaceMotion(smile=0.5), FaceMotion(smile=-0.5),
    FaceMotion(mouth_open=0.9, mouth_width=0.8),
)  # fmt: skip
"""Motions that show where eyes and mouth are."""
_STEP, _EVERY = 1 / 25, 5
"""Seconds of a step of the animation, and steps from one motion to the next."""
_STATES = (
    *(FaceState.SPEAKING,) * 5, FaceState.IDLE, FaceState.IDLE, FaceState.LISTENING,
    FaceState.NODDING, FaceState.AMUSED, FaceState.THINKING, FaceState.ASLEEP,
)  # fmt: skip
_LONGEST = 3.0
"""Seconds of one state."""
_BLINKING = 0.25
"""Share of the motions whose lids are closed by chance: blinks are rare, and quick."""
_MIXED = 0.3
"""Share of the motions that have each part from another moment."""
_LATEST = 4000.0
"""Seconds of life within which a state begins."""


def motions(count: int, seed: int) -> list[FaceMotion]:
    """Return `count` motions in any order; the first motion is the portrait at rest."""
    rng = np.random.default_rng(seed)
    lived = _lived(rng)
    seen = np.array([next(lived) for _ in range(count)], np.float32)
    mixed = rng.random(count) < _MIXED
    for column in seen.T:
        column[mixed] = rng.permutation(column)[mixed]
    seen = seen[rng.permutation(count)]
    seen[0] = 0
    return [FaceMotion(*map(float, each)) for each in seen]


def _lived(rng: np.random.Generator) -> Iterator[FaceMotion]:
    """Yield moments of many lives, one after the other."""
    pose = Pose()
    while True:
        look = _STATES[rng.integers(len(_STATES))]
        moods = tuple(Mood) if look is FaceState.SPEAKING else (Mood.NEUTRAL,)
        mood = moods[rng.integers(len(moods))]
        liveliness, loud = rng.uniform(0.5, 1.5), rng.uniform(0, 1)
        pose = replace(pose, clock=float(rng.uniform(0, _LATEST)))
        for step in range(int(rng.uniform(0.5, _LONGEST) / _STEP)):
            pose = advance_pose(pose, look, _STEP, liveliness, loud, mood=mood)
            if step % _EVERY == 0:
                yield face_motion(_shown(pose, rng))


def _shown(pose: Pose, rng: np.random.Generator) -> Pose:
    """Return the pose with a mouth that speaks, if it does, and with lids that may be closing."""
    if rng.random() < _BLINKING:
        pose = replace(pose, blink=float(rng.random()))
    if pose.look is not FaceState.SPEAKING:
        return pose
    shapes = list(SHAPES.values())
    one, other = (np.array(shapes[rng.integers(len(shapes))]) for _ in range(2))
    mouth = (one + (other - one) * rng.random()) * rng.uniform(0.5, 1.1)
    return replace(pose, mouth=Mouth(*map(float, mouth)))
