"""A face shows the mood of what it says: visibly, and never at once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, FaceState, Mood, SpeechChunk, VideoFrame
from avatar_app.engines.face.animation.pose import Expression
from avatar_app.engines.face.illustrated.engine import IllustratedFace
from avatar_app.engines.face.photo.engine import PhotoFace

RATE = 16_000
SIZE = {"width": 160, "height": 160}
SECOND = 30
"""Pictures."""


def spoken(start: float, seconds: float, mood: Mood) -> SpeechChunk:
    """A hum."""
    times = np.arange(round(seconds * RATE)) / RATE
    sound = (0.1 * np.sin(2 * np.pi * 150 * times)).astype(np.float32)
    return SpeechChunk(AudioChunk(sound, RATE, round(start * RATE)), mood=mood)


def expressions(frames: list[VideoFrame]) -> list[Expression]:
    return [frame.pose.expression for frame in frames]


@pytest.mark.parametrize("make", [IllustratedFace, PhotoFace])
@pytest.mark.parametrize(
    ("mood", "shows"),
    [
        (Mood.JOY, lambda felt, usual: felt.smile > usual.smile + 0.2),
        (Mood.CONCERN, lambda felt, usual: felt.brow_inner > 0.4 and felt.smile < 0.3),
        (Mood.SURPRISE, lambda felt, usual: felt.brows > usual.brows + 0.3),
    ],
)
def test_a_mood_shows_while_its_words_are_said(
    make: type, mood: Mood, shows: Callable[[Expression, Expression], bool]
) -> None:
    parts = [spoken(0.0, 1.0, Mood.NEUTRAL), spoken(1.0, 1.5, mood), spoken(2.5, 2.0, Mood.NEUTRAL)]
    frames = list(make(**SIZE).perform(iter(parts), Turn(1)))
    plain = [spoken(0.0, 4.5, Mood.NEUTRAL)]
    usual = list(make(**SIZE).perform(iter(plain), Turn(1)))
    felt, other = expressions(frames), expressions(usual)
    before, during, after = SECOND - 2, round(2.4 * SECOND), round(4.4 * SECOND)
    assert felt[before] == other[before]
    assert shows(felt[during], other[during])
    assert not shows(felt[after], other[after])
    difference = frames[during].image.astype(int) - usual[during].image
    assert np.abs(difference).mean() > 0.3


def test_no_mood_comes_at_once() -> None:
    moods = [mood for mood in Mood for _ in range(2)]
    parts = [spoken(0.4 * at, 0.4, mood) for at, mood in enumerate(moods)]
    face = IllustratedFace(**SIZE)
    frames = list(face.perform(iter(parts), Turn(1)))
    steps = [
        max(abs(b - a) for a, b in zip(earlier[:5], later[:5], strict=True))
        for earlier, later in pairwise(expressions(frames))
    ]
    assert max(steps) < 0.15  # of a range of 2, in a thirtieth of a second
    resting = frames[-1]
    for _ in range(2 * SECOND):
        resting = face.rest(FaceState.IDLE, resting)
    assert resting.pose.expression.brow_inner == pytest.approx(0.0, abs=0.02)
