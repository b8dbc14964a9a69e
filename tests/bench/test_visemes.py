"""The bench of visemes sees what lips do: labels, closures and their precision."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.bench.labeled import espeak_speakers, track_of
from avatar_app.bench.visemes import Fit, share_met
from avatar_app.core.values import MouthShape


def test_phones_of_flite_become_shapes_that_begin_where_the_one_before_ends() -> None:
    track = track_of([("pau", 0.2), ("hh", 0.3), ("ay", 0.5), ("p", 0.6), ("pau", 0.8)])
    assert track == [
        (0.0, MouthShape.SIL),
        (0.2, MouthShape.AA),
        (0.35, MouthShape.IH),
        (0.5, MouthShape.PP),
        (0.6, MouthShape.SIL),
    ]
    with pytest.raises(KeyError):
        track_of([("qq", 0.1)])


def marks(text: str) -> np.ndarray:
    return np.array([letter != "." for letter in text])


def test_precision_and_recall_of_events() -> None:
    assert share_met(marks(".xx...xx."), marks(".x......."), 0) == 0.5
    assert share_met(marks(".xx...xx."), marks(".x...x..."), 1) == 1.0
    assert share_met(marks("....."), marks("xxxxx"), 0) == 0.0


def test_constant_mouths_have_no_precision_or_recall() -> None:
    true = [0.5] * 20 + [0.0] * 5 + [0.5] * 20
    lips = [False] * 20 + [True] * 5 + [False] * 20
    shut, agape, right = (
        Fit(heard, true, lips, pausing=[False] * 45)
        for heard in ([0.0] * 45, [0.5] * 45, list(true))
    )
    shut.heard[3] = shut.heard[38] = 0.5
    assert shut.closures()[1] == pytest.approx(1 / 3)
    assert agape.closures() == (0.0, 0.0)
    assert right.correlation() == pytest.approx(1.0)


def test_voices_without_flite_are_labeled_too() -> None:
    first = espeak_speakers(quick=True)[0][0]
    assert {shape for _, shape in first.track} > {MouthShape.PP, MouthShape.AA}
    assert first.track[-1][0] < len(first.samples) / first.rate
