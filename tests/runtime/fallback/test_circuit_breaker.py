"""An engine is replaced when it fails three times in a minute, and not before."""

from __future__ import annotations

import pytest

from avatar_app.core.errors import (
    AvatarError,
    DeviceUnavailable,
    InputInvalid,
    ModelMissing,
    OutOfMemory,
)
from avatar_app.core.events import Failed
from avatar_app.core.manifest import Kind
from avatar_app.pipeline.input import recognition
from avatar_app.pipeline.output import response_pipeline
from avatar_app.runtime.fallback.circuit_breaker import KIND_OF_STAGE, CircuitBreaker


class Case:
    def __init__(self) -> None:
        self.now = 0.0
        self.replaced: list[Kind] = []
        self.substitutes = CircuitBreaker(self.replaced.append, lambda: self.now)

    def fail(self, stage: str, *times: float) -> None:
        for at in times:
            self.now = at
            self.substitutes(Failed(1, stage, "It broke."))


@pytest.mark.parametrize(
    ("times", "count"),
    [
        ((0, 1), 0),
        ((0, 1, 2), 1),
        ((0, 30, 60), 1),
        ((0, 30, 60.1), 0),
        ((0, 50, 100, 109), 1),
        ((0, 1, 2, 3, 4), 1),
        ((0, 1, 2, 3, 4, 5), 2),
    ],
)
def test_three_failures_within_a_minute(times: tuple[float, ...], count: int) -> None:
    case = Case()
    case.fail("think", *times)
    assert case.replaced == [Kind.DIALOGUE] * count


def test_each_kind_is_counted_for_itself() -> None:
    case = Case()
    for stage in ("think", "speak", "recognize", "think", "speak"):
        case.fail(stage, case.now + 1)
    assert case.replaced == []
    case.fail("think", case.now)
    assert case.replaced == [Kind.DIALOGUE]


def test_what_is_no_engines_failure_replaces_nothing() -> None:
    case = Case()
    case.fail("start", 0, 1, 2, 3)
    case.fail("conductor", 0, 1, 2, 3)
    case.fail("perform", 0, 1, 2, 3)  # faces have a ladder
    assert case.replaced == []


def test_every_stage_of_the_conversation_but_the_faces_has_its_kind() -> None:
    stages = {response_pipeline.THINK, response_pipeline.SPEAK, recognition.RECOGNIZE}
    assert set(KIND_OF_STAGE) == stages


@pytest.mark.parametrize("reason", [ModelMissing, InputInvalid, DeviceUnavailable, OutOfMemory])
def test_what_does_not_pass_is_not_tried_three_times(reason: type[AvatarError]) -> None:
    case = Case()
    case.substitutes(Failed(1, "think", "The model is gone.", "", reason))
    assert case.replaced == [Kind.DIALOGUE]
