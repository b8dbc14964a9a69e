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
from avatar_app.core.events import Failed, Outcome, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.pipeline.input import audio_frontend, end_of_turn, recognition, wake_word
from avatar_app.pipeline.output import face_stage, response_pipeline
from avatar_app.runtime.fallback.quality_ladder import DELAYS, QualityLadder, Tier, build_levels
from avatar_app.runtime.fallback.slot import Slot
from avatar_app.runtime.kinds import KIND_OF_STAGE, KINDS
from avatar_app.runtime.registry import Registry

ENGINES = {
    Kind.ASR: "whisper",
    Kind.DIALOGUE: "llama",
    Kind.TTS: "kokoro",
    Kind.VAD: "silero",
    Kind.AEC: "webrtc_aec3",
    Kind.TURN: "smart_turn",
    Kind.WAKE: "livekit",
}


class Case:
    """A slot of each kind whose engine is not the built-in one; what is replaced is loaded at once
    and the user chooses the same again."""

    def __init__(self) -> None:
        self.now = 0.0
        self.replaced: list[Kind] = []
        self.slots = {
            kind: Slot(kind, self._ladder(kind, engine), lambda: self.now)
            for kind, engine in ENGINES.items()
        }

    def _ladder(self, kind: Kind, engine: str) -> QualityLadder:
        manifest = Registry().find(kind, engine)
        return QualityLadder(build_levels(manifest, {}, has_fallback=True), lambda: self.now)

    def fail(self, stage: str, *times: float, reason: type[AvatarError] = AvatarError) -> None:
        for at in times:
            self.now = at
            slot = self.slots.get(KIND_OF_STAGE.get(stage))  # type: ignore[arg-type]
            if slot is None:
                continue
            slot.fail(Failed(1, stage, "It broke.", "", reason))
            if level := slot.due(idle=False):
                assert level.tier is Tier.BUILTIN
                self.replaced.append(slot.kind)
                slot.fill(self._ladder(slot.kind, ENGINES[slot.kind]))


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
def test_three_failures_within_a_minute_replace_the_engine(
    times: tuple[float, ...], count: int
) -> None:
    case = Case()
    case.fail("think", *times)
    assert case.replaced == [Kind.DIALOGUE] * count


def test_failures_are_counted_per_kind() -> None:
    case = Case()
    for stage in ("think", "speak", "recognize", "think", "speak"):
        case.fail(stage, case.now + 1)
    assert case.replaced == []
    case.fail("think", case.now)
    assert case.replaced == [Kind.DIALOGUE]


def test_failure_outside_engines_replaces_nothing() -> None:
    case = Case()
    case.fail("start", 0, 1, 2, 3)
    case.fail("conversation", 0, 1, 2, 3)
    case.fail("perform", 0, 1, 2, 3)  # faces have a ladder
    assert case.replaced == []


def test_every_conversation_stage_maps_to_a_kind() -> None:
    stages = {response_pipeline.THINK, response_pipeline.SPEAK, recognition.RECOGNIZE}
    stages |= {audio_frontend.CANCEL, audio_frontend.DETECT, end_of_turn.JUDGE, wake_word.WAKE}
    assert set(KIND_OF_STAGE) == stages | {face_stage.PERFORM, face_stage.REST}


@pytest.mark.parametrize("reason", [ModelMissing, InputInvalid, DeviceUnavailable, OutOfMemory])
def test_a_lasting_error_replaces_the_engine_at_once(reason: type[AvatarError]) -> None:
    case = Case()
    case.fail("think", 0, reason=reason)
    assert case.replaced == [Kind.DIALOGUE]


def turn(**marks: float) -> TurnEnded:
    return TurnEnded(1, Outcome.FINISHED, "hello", "hi", "hi", marks)


def test_the_chosen_engine_is_restored_after_back_off_while_idle() -> None:
    case = Case()
    slot = case.slots[Kind.DIALOGUE]
    for _ in range(3):
        slot.fail(Failed(1, "think", "The server is gone."))
    level = slot.due(idle=False)
    assert level is not None
    slot.took(level)
    case.now += DELAYS[0] + 0.1
    assert slot.due(idle=False) is None
    better = slot.due(idle=True)
    assert better is not None
    assert better.tier is Tier.CHOSEN
    slot.missed(AvatarError)
    assert slot.due(idle=True) is None
    case.now += DELAYS[1] + 0.1
    again = slot.due(idle=True)
    assert again is not None
    slot.took(again)
    assert not slot.proves(turn(text=1.0))  # nothing was answered yet
    assert slot.proves(turn(first_token=1.0))
    assert not slot.proves(turn(first_token=1.0))  # it is told once


def test_a_failing_builtin_engine_is_not_replaced() -> None:
    manifest = Registry().find(Kind.DIALOGUE, KINDS[Kind.DIALOGUE].builtin)
    slot = Slot(
        Kind.DIALOGUE, QualityLadder(build_levels(manifest, {}, has_fallback=False), float), float
    )
    for _ in range(9):
        slot.fail(Failed(1, "think", "It broke."))
    assert slot.due(idle=True) is None


@pytest.mark.parametrize("stage", [audio_frontend.CANCEL, audio_frontend.DETECT])
def test_a_failing_recognizer_is_replaced_with_one_notice(stage: str) -> None:
    case = Case()
    case.fail(stage, 0.0, 0.01)
    assert case.replaced == []
    case.fail(stage, 0.02)
    assert case.replaced == [KIND_OF_STAGE[stage]]
    assert case.slots[KIND_OF_STAGE[stage]].reports_failures
