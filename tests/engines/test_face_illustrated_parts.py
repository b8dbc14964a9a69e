"""The parts of the illustrated face: the shapes of its mouth, its blinks, its characters."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from avatar_app.core.values import MouthShape
from avatar_app.engines.face.animation.idle_motion import BLINK_SLOT, blink
from avatar_app.engines.face.animation.pose import Mouth, Pose
from avatar_app.engines.face.animation.visemes import SHAPES, Segment, blend_visemes
from avatar_app.engines.face.illustrated.characters import CHARACTERS
from avatar_app.engines.face.illustrated.scene import Scene


def test_visemes_differ_from_one_another() -> None:
    assert set(SHAPES) == set(MouthShape)
    for one, other in combinations(SHAPES.values(), 2):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) > 0.05


@pytest.mark.parametrize("shape", [s for s in MouthShape if s is not MouthShape.SIL])
def test_held_viseme_reaches_its_shape_exactly(shape: MouthShape) -> None:
    segments = [Segment(0.0, MouthShape.SIL), Segment(0.2, shape), Segment(0.6, MouthShape.SIL)]
    assert blend_visemes(segments, 0.4, Mouth()) == pytest.approx(SHAPES[shape], abs=1e-6)
    assert blend_visemes(segments, 0.05, Mouth()) == pytest.approx(Mouth(), abs=1e-6)


@pytest.mark.parametrize("seconds", [0.01, 0.03, 0.06, 0.12])
@pytest.mark.parametrize("phase", [0.0, 0.008, 0.016, 0.025])
def test_lips_close_for_the_shortest_p(seconds: float, phase: float) -> None:
    at = 0.3 + phase
    segments = [
        Segment(0.0, MouthShape.AA),
        Segment(at, MouthShape.PP),
        Segment(at + seconds, MouthShape.AA),
    ]
    shown = [blend_visemes(segments, i / 30, Mouth()).opening for i in range(20)]
    assert min(shown) < 0.01
    assert max(shown) > 0.8


def test_eyes_blink_ten_to_twenty_times_a_minute() -> None:
    minutes = 20
    closed = np.array([blink(i / 30) > 0.5 for i in range(minutes * 60 * 30)])
    rate = np.count_nonzero(closed[1:] & ~closed[:-1]) / minutes
    assert 10 <= rate <= 20
    assert pytest.approx(60 / 14, abs=0.2) == BLINK_SLOT


@pytest.mark.parametrize("character", CHARACTERS)
def test_every_character_is_painted_and_moves_its_mouth(character: str) -> None:
    who = CHARACTERS[character]
    scene = Scene(who, who.backdrop, 240, 240)
    still = scene.paint(Pose())
    assert still.std() > 20
    for shape, mouth in SHAPES.items():
        if shape is not MouthShape.SIL:
            assert np.abs(scene.paint(Pose(mouth=mouth)).astype(int) - still).max() > 12
