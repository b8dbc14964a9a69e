"""The avatar rests until it is called, answers what is said with its name, and listens a while."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from fakes import Scene

from avatar_app.bench.scripted.engines import Plain
from avatar_app.core.errors import EngineFailed
from avatar_app.core.events import Failed, Resting, State, TurnEnded, UserSaid, UserStarted
from avatar_app.core.manifest import Kind
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, FaceState
from avatar_app.pipeline import commands
from avatar_app.pipeline.input.audio_frontend import CleanBlock
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions
from avatar_app.pipeline.input.wake_word import WakeWordGate
from avatar_app.pipeline.spoken_name import without_call

NAME = "hey Mira"


class LoudName(Plain):
    """Takes very loud sound for the name, once until it is over."""

    phrase = NAME

    def __init__(self) -> None:
        self.blocks = 0
        self._is_loud = False

    def heard(self, block: AudioChunk) -> bool:
        self.blocks += 1
        before, self._is_loud = self._is_loud, bool(np.abs(block.samples).max() > 0.5)
        return self._is_loud and not before


class BrokenName(LoudName):
    def heard(self, block: AudioChunk) -> bool:
        raise EngineFailed("It broke.", "Choose another one.")


@pytest.fixture
def detector() -> LoudName:
    return LoudName()


@pytest.fixture
def scene(detector: LoudName) -> Iterator[Scene]:
    with Scene() as opened:
        opened.send(commands.SwitchEngine(Kind.WAKE, detector))
        yield opened


def call(scene: Scene, text: str, more: float = 1.0) -> None:
    """The name, `more` seconds of voice, and a pause."""
    scene.recognizer.script.append(text)
    name = np.full(4800, 0.8, np.float32) * np.resize([1, -1], 4800)
    scene.moments += scene.devices.pass_time(0.3, name.astype(np.float32))
    scene.wait(more, voice=True)
    scene.wait(1.0)


def answered(scene: Scene) -> list[str]:
    scene.wait_until(lambda: scene.conversation.state is State.IDLE)
    return [event.user_text for event in scene.of(TurnEnded)]


def test_speech_without_the_name_is_not_even_recognized(scene: Scene) -> None:
    scene.wait(2.0, voice=True)
    scene.wait(2.0)
    assert scene.of(UserStarted) == []
    assert scene.recognizer.heard == []
    assert scene.of(Resting) == [Resting(NAME)]
    assert scene.conversation.presenter.look is FaceState.ASLEEP


def test_a_question_in_one_breath_with_the_name_is_answered(scene: Scene) -> None:
    scene.wait(1.0, voice=True)
    call(scene, "Hey mirror, what time is it?")
    assert answered(scene) == ["What time is it?"]
    (heard,) = scene.recognizer.heard
    assert np.abs(heard).max() > 0.5  # with the name: it tells where the sentence begins


def test_the_name_alone_wakes_and_is_no_question(scene: Scene) -> None:
    call(scene, "Hey, Mira.", more=0.0)
    assert scene.of(UserSaid) == []
    assert scene.of(Resting) == [Resting(NAME), Resting("")]
    scene.say("what time is it")
    assert answered(scene) == ["what time is it"]


def test_follow_ups_need_no_name_until_it_rests_again(scene: Scene, detector: LoudName) -> None:
    call(scene, "hey Mira what time is it")
    scene.wait_until(lambda: scene.conversation.state is State.IDLE)
    computed = detector.blocks
    scene.wait(6.0)
    scene.say("and tomorrow")
    assert answered(scene) == ["what time is it", "and tomorrow"]
    assert detector.blocks == computed  # nothing while it is awake
    scene.wait(9.0)
    assert scene.of(Resting)[-1] == Resting(NAME)
    scene.say("something to somebody else")
    assert answered(scene) == ["what time is it", "and tomorrow"]


def test_the_button_and_the_keyboard_need_no_name(scene: Scene) -> None:
    scene.send(commands.TextTyped("hello"))
    assert answered(scene) == ["hello"]
    scene.wait(9.0)
    scene.recognizer.script.append("good morning")
    scene.send(commands.PushToTalk(held=True))
    scene.wait(0.5, voice=True)
    scene.send(commands.PushToTalk(held=False))
    scene.wait(0.5)
    assert answered(scene) == ["hello", "good morning"]


def test_without_follow_ups_what_is_said_with_the_name_is_heard_whole(detector: LoudName) -> None:
    with Scene(turn_detection=TurnDetectionOptions(follow_up=0.0)) as scene:
        scene.send(commands.SwitchEngine(Kind.WAKE, detector))
        scene.wait(1.0)
        call(scene, "hey Mira what time is it", more=2.0)
        assert answered(scene) == ["what time is it"]
        (heard,) = scene.recognizer.heard
        assert len(heard) > 2.0 * MICROPHONE_RATE
        scene.say("and tomorrow")
        assert answered(scene) == ["what time is it"]


def test_sound_before_a_typed_turn_belongs_to_no_call(scene: Scene) -> None:
    scene.wait(1.0, voice=True)
    scene.send(commands.TextTyped("hello"))
    answered(scene)
    scene.wait(8.5)
    call(scene, "hey Mira what time is it", more=0.0)
    answered(scene)
    (heard,) = scene.recognizer.heard
    before = heard[: np.flatnonzero(np.abs(heard) > 0.5)[0]]
    assert np.abs(before).max(initial=0.0) < 0.01, "what was said before the typed turn"


def test_a_muted_microphone_hears_no_name(scene: Scene, detector: LoudName) -> None:
    scene.send(commands.Mute(muted=True))
    computed = detector.blocks
    call(scene, "hey Mira what time is it")
    assert scene.of(UserStarted) == []
    assert detector.blocks == computed


def test_nothing_is_computed_in_a_quiet_room(scene: Scene, detector: LoudName) -> None:
    scene.wait(20.0)
    computed = detector.blocks
    scene.wait(20.0)
    assert detector.blocks == computed


def test_without_a_wake_word_it_never_rests() -> None:
    with Scene() as scene:
        scene.wait(10.0)
        scene.say("hello")
        assert answered(scene) == ["hello"]
        assert scene.of(Resting) == []


def test_a_broken_detector_is_reported_by_its_stage() -> None:
    with Scene() as scene:
        scene.send(commands.SwitchEngine(Kind.WAKE, BrokenName()))
        scene.wait(0.5, voice=True)
        assert {event.stage for event in scene.of(Failed)} == {"detect_wake_word"}


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Hey Mira, what time is it?", "What time is it?"),
        ("hey mere a what time is it", "what time is it"),
        ("Hey, Mira.", ""),
        ("hey", ""),
        ("Hey Mira are you there", "Are you there"),
        ("what time is it", "what time is it"),
        ("", ""),
    ],
)
def test_the_name_is_no_part_of_what_was_said(text: str, rest: str) -> None:
    assert without_call(text, NAME) == rest


def test_without_a_name_nothing_is_taken_away() -> None:
    assert without_call("Hey Mira, hello", "") == "Hey Mira, hello"


def test_it_listens_on_after_a_turn_but_not_after_the_computer_was_suspended() -> None:
    slept = 0.0
    gate = WakeWordGate(LoudName(), 8.0, lambda: slept)
    silence = AudioChunk(np.zeros(160, np.float32), MICROPHONE_RATE, 0)
    block = CleanBlock(silence, 0.0, -100.0, silence)
    gate.hear(block, is_quiet=True, is_busy=True)
    gate.hear(block, is_quiet=True, is_busy=False)
    assert gate.awaited == ""
    slept = 3600.0
    gate.hear(block, is_quiet=True, is_busy=False)
    assert gate.awaited == NAME
