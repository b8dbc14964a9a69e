"""Turn end: a replay cuts off what the detector cuts off, and learns as it does."""

from __future__ import annotations

import pytest

from avatar_app.bench.turn_replay import HeardSilence, replay
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions

OPTIONS = TurnDetectionOptions(right_before=0)
END = HeardSilence(float("inf"), 0.95, 0.25)


def test_finished_sounding_pause_is_answered_sooner() -> None:
    speakers = {"one": [HeardSilence(0.4, 0.95, 0.25), END], "two": [HeardSilence(0.4, 0.1, 0.25)]}
    alone, asked = (replay(speakers, OPTIONS, is_asked=each) for each in (False, True))
    assert alone.cut_off == 0
    assert alone.latency == pytest.approx(OPTIONS.min_endpointing_delay)
    assert asked.cut_off == pytest.approx(1 / 2)
    assert 0.4 < asked.latency < alone.latency  # the pause of 0.4 s was learned


def test_pauses_are_learned_per_speaker() -> None:
    pause = HeardSilence(0.9, 0.0, 0.25)
    one = replay({"one": [pause] * 6}, OPTIONS, is_asked=False)
    several = replay({str(number): [pause] for number in range(6)}, OPTIONS, is_asked=False)
    assert one.cut_off == pytest.approx(1 / 2)
    assert several.cut_off == 1


def test_a_detector_that_takes_pauses_for_ends_costs_nothing_until_it_is_believed() -> None:
    speakers = {"reader": [HeardSilence(0.4, 0.95, 0.25), END] * 6, "guest": [END] * 6}
    options = TurnDetectionOptions()
    alone, asked = (replay(speakers, options, is_asked=each) for each in (False, True))
    assert asked.cut_off == alone.cut_off == 0
    assert asked.latency < alone.latency  # of the guest's later turns
