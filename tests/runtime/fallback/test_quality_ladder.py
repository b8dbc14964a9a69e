"""Down the ladder by what each level mends; up again after growing delays."""

from __future__ import annotations

from itertools import pairwise

import pytest

from avatar_app.core.errors import (
    AvatarError,
    EngineFailed,
    InputInvalid,
    ModelMissing,
    OutOfMemory,
    TooSlow,
)
from avatar_app.core.manifest import Kind
from avatar_app.runtime.fallback.quality_ladder import (
    DELAYS,
    FORGIVEN_AFTER,
    QualityLadder,
    Tier,
    build_levels,
)
from avatar_app.runtime.registry import Registry

WAV2LIP = Registry().find(Kind.FACE, "wav2lip")
HEAVY = {"batch": 16, "width": 1920, "height": 1080, "fps": 30}


class Case:
    def __init__(self, **options: object) -> None:
        self.now = 0.0
        self.levels = build_levels(WAV2LIP, {**HEAVY, **options}, has_fallback=True)
        self.ladder = QualityLadder(self.levels, lambda: self.now)

    def descent(self, reason: type[AvatarError], times: int) -> list[str]:
        return [self.described(reason) for _ in range(times)]

    def described(self, reason: type[AvatarError]) -> str:
        level = self.ladder.fall(reason)
        size = level.options
        chosen = level.tier is Tier.CHOSEN
        return f"{size['batch']}x{size['height']}p{size['fps']:g}" if chosen else level.tier.name


def test_out_of_memory_falls_through_every_level() -> None:
    assert Case().descent(OutOfMemory, 5) == ["4x1080p30", "1x540p15", "BUILTIN", "SOUND", "SOUND"]


def test_a_batch_of_one_has_no_smaller_batch() -> None:
    assert Case(batch=1).descent(OutOfMemory, 2) == ["1x540p15", "BUILTIN"]


def test_slow_face_gets_less_to_draw_not_less_memory() -> None:
    assert Case().descent(TooSlow, 3) == ["1x540p15", "BUILTIN", "SOUND"]


@pytest.mark.parametrize("reason", [EngineFailed, ModelMissing, InputInvalid])
def test_a_broken_engine_is_not_tried_with_lighter_options(reason: type[AvatarError]) -> None:
    assert Case().descent(reason, 2) == ["BUILTIN", "SOUND"]


def test_levels_respect_the_ranges_of_the_manifest() -> None:
    for level in build_levels(
        WAV2LIP, {"batch": 2, "width": 100, "height": 64, "fps": 5}, has_fallback=True
    ):
        assert WAV2LIP.checked(dict(level.options))


def test_the_ladder_rises_level_by_level() -> None:
    case = Case()
    case.descent(OutOfMemory, 4)
    climbed = []
    for _ in range(4):
        case.now += DELAYS[0] - 0.01
        assert case.ladder.better is None
        case.now += 0.02
        better = case.ladder.better
        assert better is not None
        climbed.append(better.tier)
        case.ladder.rise(better)
    assert climbed == [Tier.BUILTIN, Tier.CHOSEN, Tier.CHOSEN, Tier.CHOSEN]
    assert case.ladder.is_at_top
    assert case.ladder.better is None


def test_a_working_level_survives_a_concurrent_failure() -> None:
    case = Case()
    case.ladder.fall(EngineFailed)
    case.now = 10
    better = case.ladder.better
    assert better is case.levels[0]
    case.ladder.fall(EngineFailed)  # the built-in face too, while the chosen one is loaded
    case.ladder.rise(better)
    assert case.ladder.is_at_top
    assert case.ladder.better is None


def tries_within(case: Case, seconds: int) -> list[int]:
    tries = []
    for _ in range(seconds):
        case.now += 1
        if case.ladder.better:
            tries.append(int(case.now))
            case.ladder.stay()
    return tries


def test_back_off_grows_with_failed_attempts() -> None:
    case = Case()
    case.ladder.fall(ModelMissing)
    tries = tries_within(case, 3000)
    gaps = [later - earlier for earlier, later in pairwise([0, *tries])]
    assert gaps[:4] == [10, 30, 120, 600]
    assert set(gaps[4:]) == {600}


def test_face_failing_soon_after_recovery_backs_off_longer() -> None:
    case = Case()
    case.ladder.fall(EngineFailed)
    case.now = 10
    case.ladder.rise(case.levels[0])
    case.now = 20
    case.ladder.fall(EngineFailed)
    assert tries_within(case, 100) == [50]


def test_back_off_is_reset_after_long_success() -> None:
    case = Case()
    case.ladder.fall(EngineFailed)
    case.now = 10
    case.ladder.rise(case.levels[0])
    case.now += FORGIVEN_AFTER + 1
    case.ladder.fall(EngineFailed)
    case.now += DELAYS[0]
    assert case.ladder.better is not None
