"""The monitor's figures are those of the turns, and a broken promise is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.core.manifest import Kind, LatencyTargets, Manifest
from avatar_app.core.values import Pictures
from avatar_app.performance.monitor import ENOUGH, REMEMBERED, Monitor

THINKER = Manifest(
    "slow",
    Kind.DIALOGUE,
    "engine:X",
    "Thinker",
    "",
    "",
    promises=LatencyTargets(first_output_ms=100),
)
FACE = Manifest("face", Kind.FACE, "engine:X", "Portrait", "", "")
ENDED = TurnEnded(1, Outcome.FINISHED, "a", "b", "c")


def a_turn(first_token: float) -> TurnEnded:
    return replace(
        ENDED,
        marks={
            "user_stopped": 10.0,
            "text": 10.5,
            "first_token": 10.5 + first_token,
            "first_sound": 11.0,
        },
    )


def test_percentiles_are_those_of_the_turns() -> None:
    monitor = Monitor({})
    for milliseconds in range(1, 102):
        monitor.add(a_turn(milliseconds / 1000))
    measured = {times.span.name: times for times in monitor.stages()}
    assert set(measured) == {"text", "first token", "first sound"}
    assert measured["first token"].p50_ms == pytest.approx(51)
    assert measured["first token"].p95_ms == pytest.approx(96)
    assert measured["first sound"].p50_ms == pytest.approx(1000)
    assert measured["text"].count == 101


def test_only_the_latest_turns_count() -> None:
    monitor = Monitor({})
    for _ in range(REMEMBERED):
        monitor.add(a_turn(5.0))
    for _ in range(REMEMBERED):
        monitor.add(a_turn(0.01))
    assert max(times.p95_ms for times in monitor.stages()) == pytest.approx(1000)


def test_an_engine_that_breaks_its_promise_is_named_after_some_turns() -> None:
    monitor = Monitor({Kind.DIALOGUE: THINKER})
    for _ in range(ENOUGH - 1):
        monitor.add(a_turn(0.3))
    assert monitor.warnings() == ()
    monitor.add(a_turn(0.3))
    (warning,) = monitor.warnings()
    assert warning.message.startswith("Thinker takes 300 ms")
    assert "100 ms" in warning.message


def test_an_engine_that_keeps_its_promise_is_not_named() -> None:
    monitor = Monitor({Kind.DIALOGUE: THINKER})
    for _ in range(20):
        monitor.add(a_turn(0.09))
    assert monitor.warnings() == ()


@pytest.mark.parametrize(("dropped", "named"), [(4, False), (20, True)])
def test_a_face_that_drops_many_pictures_is_named(dropped: int, *, named: bool) -> None:
    monitor = Monitor({Kind.FACE: FACE})
    for _ in range(ENOUGH):
        monitor.add(replace(ENDED, pictures=Pictures(shown=100 - dropped, dropped=dropped)))
    assert (
        any(
            "Portrait" in warning.message and "20%" in warning.message
            for warning in monitor.warnings()
        )
        is named
    )
