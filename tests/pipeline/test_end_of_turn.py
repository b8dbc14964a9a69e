"""Whoever is heard to have finished is answered sooner; everybody else has the usual time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fakes import Scene

from avatar_app.bench.scripted.engines import Plain
from avatar_app.core.errors import EngineFailed
from avatar_app.core.events import Failed, TurnEnded, UserSaid
from avatar_app.core.manifest import Kind
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk
from avatar_app.pipeline import commands
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions

OPTIONS = TurnDetectionOptions(
    preemptive_generation_delay=0.2,
    sure_endpointing_delay=0.2,
    min_endpointing_delay=0.6,
    max_endpointing_delay=1.2,
    right_before=0,
)


class Judge(Plain):
    """Answers one number after the other, the last one again and again."""

    def __init__(self, *answers: float) -> None:
        self.answers = list(answers)
        self.heard: list[AudioChunk] = []

    def probability(self, audio: AudioChunk) -> float:
        self.heard.append(audio)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class BrokenJudge(Judge):
    def probability(self, audio: AudioChunk) -> float:
        raise EngineFailed("It broke.", "Choose another one.")


def scene_with(judge: Judge, **devices: Any) -> Scene:
    scene = Scene(turn_detection=OPTIONS, **devices)
    scene.send(commands.SwitchEngine(Kind.TURN, judge))
    return scene


def silence_until_the_end(scene: Scene) -> float:
    """Seconds from the end of the voice until the turn of the user was over."""
    began = scene.clock()
    scene.wait_until(lambda: bool(scene.of(UserSaid)))
    return round(scene.clock() - began, 2)


@pytest.mark.parametrize(
    ("probability", "text", "shortest", "longest"),
    [
        (0.9, "go home", 0.2, 0.25),
        (0.8, "go home", 0.6, 0.65),
        (0.0, "go home", 0.6, 0.65),
        (0.9, "go to the", 0.85, 0.9),  # no sentence ends so, however it sounds
    ],
)
def test_end_of_turn_delay_depends_on_the_probability(
    probability: float, text: str, shortest: float, longest: float
) -> None:
    with scene_with(Judge(probability)) as scene:
        scene.say(text, pause=0.0)
        assert shortest <= silence_until_the_end(scene) <= longest


def test_without_a_detector_the_length_of_the_pause_decides() -> None:
    with Scene(turn_detection=OPTIONS) as scene:
        scene.say("go home", pause=0.0)
        assert 0.6 <= silence_until_the_end(scene) <= 0.65


def test_detector_gets_the_whole_turn_with_trailing_silence() -> None:
    judge = Judge(0.0)
    with scene_with(judge) as scene:
        scene.wait(3.0)
        scene.say("one", seconds=1.0, pause=0.4)
        scene.say("two", seconds=1.0, pause=0.3)
    padding, pause = OPTIONS.prefix_padding, OPTIONS.preemptive_generation_delay
    first, second = (len(audio.samples) / MICROPHONE_RATE for audio in judge.heard)
    assert first == pytest.approx(padding + 1.0 + pause, abs=0.12)
    assert second == pytest.approx(first + 0.4 + 1.0, abs=0.05)
    assert not judge.heard[0].samples[-round(0.19 * MICROPHONE_RATE) :].any()


def test_detector_gets_at_most_eight_seconds() -> None:
    judge = Judge(0.0)
    with scene_with(judge) as scene:
        scene.say("a long story", seconds=12.0)
    assert [len(audio.samples) for audio in judge.heard] == [8 * MICROPHONE_RATE]


def test_judgement_applies_to_its_pause_only() -> None:
    late = replace(OPTIONS, preemptive_generation_delay=0.1)
    with Scene(turn_detection=late) as scene:
        scene.send(commands.SwitchEngine(Kind.TURN, Judge(0.9, 0.0)))
        scene.recognizer.script += ["go to the", "old harbour"]
        scene.wait(1.0, voice=True)
        scene.wait(0.3)
        scene.wait(1.0, voice=True)
        assert 0.6 <= silence_until_the_end(scene) <= 0.65
        assert scene.of(UserSaid)[0].text == "go to the old harbour"


def test_judgement_after_the_user_continued_is_ignored() -> None:
    with scene_with(Judge(0.0)) as scene:
        scene.recognizer.script += ["one", "two"]
        scene.wait(1.0, voice=True)
        scene.wait(0.3)
        question = scene.conversation._user_turn.end_of_turn._question
        assert question is not None
        scene.wait(1.0, voice=True)
        assert question.cancelled
        scene.wait(0.3)
        scene.send(commands.EndOfTurnJudged(question, 1.0))
        assert not scene.of(UserSaid)
        scene.wait(0.5)
        assert scene.of(UserSaid)[0].text == "one two"


def test_user_continuing_before_the_first_heard_word_is_answered_once() -> None:
    with scene_with(Judge(0.9), output_latency=0.3) as scene:
        scene.recognizer.script += ["remind me", "to call home"]
        scene.wait(1.0, voice=True)
        scene.wait_until(lambda: bool(scene.of(UserSaid)))
        scene.wait(1.0, voice=True)
        scene.wait_until(lambda: bool(scene.of(TurnEnded)))
        assert [turn.user_text for turn in scene.of(TurnEnded)] == ["remind me to call home"]


def test_failing_end_of_turn_detector_costs_no_turn() -> None:
    with scene_with(BrokenJudge(0.0)) as scene:
        for number in range(5):
            scene.say(f"number {number}", pause=0.0)
            scene.wait_until(lambda n=number: len(scene.of(TurnEnded)) > n)
        assert [failed.stage for failed in scene.of(Failed)] == ["judge_end"] * 3
        assert [turn.user_text for turn in scene.of(TurnEnded)][-1] == "number 4"
