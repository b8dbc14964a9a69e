"""A dialogue engine that hears: it is given the user's words as sound, and history stays text."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from fakes import RecordingDialogue, Scene, SpareDialogue

from avatar_app.core.errors import EngineFailed
from avatar_app.core.events import Failed, Outcome, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.pipeline import commands


@dataclass
class Hearing(RecordingDialogue):
    """Keeps its prompts, with the sound in them."""

    hears: bool = True
    broken: bool = False

    def reply(self, prompt: Prompt, turn: Turn) -> Iterator[str | ToolCall | ToolResult | None]:
        if self.broken:
            self.prompts.append(prompt)
            raise EngineFailed("It broke.", "Mend it.")
        return (yield from super().reply(prompt, turn))


def seconds_of(prompt: Prompt) -> float:
    """Seconds of voice in the sound of the last message."""
    spoken = prompt.messages[-1].spoken
    assert spoken is not None
    with wave.open(io.BytesIO(spoken.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_768
    return np.count_nonzero(np.abs(samples) > 0.05) / 16_000


@pytest.fixture
def hearing() -> Hearing:
    return Hearing()


def use(scene: Scene, dialogue: Hearing) -> None:
    scene.send(commands.SwitchEngine(Kind.DIALOGUE, dialogue))


def test_it_is_given_the_sound_of_the_whole_turn(hearing: Hearing) -> None:
    with Scene() as scene:
        use(scene, hearing)
        scene.recognizer.script = ["good", "morning"]
        scene.wait(0.6, voice=True)
        scene.wait(0.45)
        scene.wait(0.6, voice=True)
        scene.wait(1.2)
        scene.wait_until(lambda: bool(scene.of(TurnEnded)))
        (turn,) = scene.of(TurnEnded)
    assert turn.user_text == "good morning"
    assert seconds_of(hearing.prompts[-1]) == pytest.approx(1.2, abs=0.1)
    assert hearing.prompts[-1].user_text == "good morning", "for who only reads"


def test_history_holds_the_words_and_no_sound(hearing: Hearing) -> None:
    with Scene() as scene:
        use(scene, hearing)
        scene.recognizer.script = ["good morning", "and again"]
        for _ in range(2):
            scene.say("-")
            scene.wait(3.0)
        scene.wait_until(lambda: len(scene.of(TurnEnded)) == 2)
    earlier = hearing.prompts[-1].messages[:-1]
    assert [message.text for message in earlier if message.role == "user"] == ["good morning"]
    assert [message for message in earlier if message.spoken is not None] == []


def test_typed_words_have_no_sound(hearing: Hearing) -> None:
    with Scene() as scene:
        use(scene, hearing)
        scene.send(commands.TextTyped("hello"))
        scene.wait_until(lambda: bool(scene.of(TurnEnded)))
    assert hearing.prompts[-1].messages[-1].spoken is None


def test_others_are_given_no_sound() -> None:
    with Scene() as scene:
        scene.recognizer.script = ["good morning"]
        scene.say("-")
        scene.wait_until(lambda: bool(scene.of(TurnEnded)))
        assert scene.dialogue.prompts[-1].messages[-1].spoken is None


def test_a_turn_that_it_fails_is_finished_by_the_words(hearing: Hearing) -> None:
    hearing.broken, spare = True, SpareDialogue()
    with Scene(builtin=spare) as scene:
        use(scene, hearing)
        scene.recognizer.script = ["good morning"]
        scene.say("-")
        scene.wait_until(lambda: bool(scene.of(TurnEnded)))
        (turn,) = scene.of(TurnEnded)
        assert [failed.stage for failed in scene.of(Failed)] == ["think"]
    assert seconds_of(hearing.prompts[-1]) == pytest.approx(1.0, abs=0.1)
    assert spare.dialogue.prompts[-1].user_text == "good morning"
    assert turn.outcome is Outcome.FINISHED
    assert turn.heard_text == "You said good morning. Fine."
