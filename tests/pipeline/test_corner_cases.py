"""Moments that are rare, and in which nothing must be lost, done twice or said over the user."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fakes import RecordingDialogue, RecordingRecognizer, Scene

from avatar_app.bench.scripted.engines import FlatVoice
from avatar_app.core.events import (
    Failed,
    Outcome,
    StateChanged,
    TurnEnded,
    UserSaid,
    UserTurnDiscarded,
)
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, SpeechChunk, ToolCall, ToolResult, Transcript
from avatar_app.pipeline import commands
from avatar_app.pipeline.input import recognition
from avatar_app.pipeline.output import avatar_turn

TIMER = ToolCall("set_timer")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Held until it is set; opened after the test, so that nobody waits for ever."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def scene(gate: threading.Event) -> Iterator[Scene]:
    with Scene(pace=0.02) as scene:
        yield scene


class GatedDialogue(RecordingDialogue):
    """Its first reply waits at a gate before the piece with the number `gated`."""

    def __init__(self, gate: threading.Event, pieces: list[str | ToolCall], gated: int) -> None:
        super().__init__(reply_to=lambda _text: pieces)
        self._gate, self._gated = gate, gated

    def reply(self, prompt: Prompt, turn: Turn) -> Any:
        first = not self.prompts
        turn.when_cancelled(self._gate.set)
        for number, piece in enumerate(self.reply_to(prompt.user_text)):
            self.prompts.append(prompt)
            if first and number == self._gated:
                self._gate.wait(20)
                turn.check()
            yield piece


class GatedVoice(FlatVoice):
    def __init__(self, gate: threading.Event) -> None:
        self._gate = gate

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        turn.when_cancelled(self._gate.set)
        self._gate.wait(20)
        yield from super().speak(text, turn)


def ended(scene: Scene, count: int = 1) -> TurnEnded:
    scene.wait_until(lambda: len(scene.of(TurnEnded)) >= count)
    event: TurnEnded = scene.of(TurnEnded)[count - 1]
    return event


def seconds_of_sound(scene: Scene, since: int) -> float:
    return 0.01 * sum(np.abs(moment.played).max() > 0 for moment in scene.moments[since:])


def test_completed_tool_call_is_not_repeated(gate: threading.Event) -> None:
    called: list[ToolCall] = []

    def call_tool(call: ToolCall) -> ToolResult:
        called.append(call)
        return ToolResult("done")

    with Scene(call_tool=call_tool, pace=0.02) as scene:
        dialogue = GatedDialogue(gate, [TIMER, "It is set."], gated=1)
        scene.send(commands.SwitchEngine(Kind.DIALOGUE, dialogue))
        scene.say("set a timer")
        assert called == [TIMER]
        scene.say("please", seconds=0.4)
        first = ended(scene)
        assert (first.outcome, first.user_text) == (Outcome.INTERRUPTED, "set a timer")
        assert scene.of(UserSaid)[-1].text == "please"
        assert not scene.of(UserTurnDiscarded)


def test_an_answer_does_not_begin_while_the_user_speaks(
    scene: Scene, gate: threading.Event
) -> None:
    scene.send(
        commands.SwitchEngine(Kind.DIALOGUE, GatedDialogue(gate, ["One two three."], gated=0))
    )
    scene.say("hello")
    scene.recognizer.script.append("and more")
    scene.wait(0.1, voice=True)
    since = len(scene.moments)
    gate.set()
    scene.wait(0.5, voice=True)
    assert seconds_of_sound(scene, since) == 0
    assert ended(scene).user_text == "hello and more"


class JoiningRecognizer(RecordingRecognizer):
    """Recognizes every segment of one number together with those before."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[int, list[str]] = {}

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        *_, last = super().transcribe(audio, turn)
        said = self.said.setdefault(turn.id, [])
        said.append(last.text)
        yield Transcript(" ".join(said), final=True, replaces=len(said) - 1)


def test_user_continuing_before_the_answer_forms_one_turn(gate: threading.Event) -> None:
    with Scene(pace=0.02) as scene:
        recognizer = JoiningRecognizer()
        scene.recognizer = recognizer
        dialogue = GatedDialogue(gate, ["One two three."], gated=0)
        scene.send(commands.SwitchEngine(Kind.ASR, recognizer))
        scene.send(commands.SwitchEngine(Kind.DIALOGUE, dialogue))
        scene.say("ask", pause=0.8)
        scene.say("not", pause=0.8)
        assert scene.of(UserSaid)[-1].text == "ask not"
        assert ended(scene).user_text == "ask not"
        scene.say("hello")
        assert ended(scene, 2).user_text == "hello"
    assert list(recognizer.said.values()) == [["ask", "not"], ["hello"]]


def test_cough_during_thinking_only_delays_the_answer(scene: Scene, gate: threading.Event) -> None:
    scene.send(
        commands.SwitchEngine(Kind.DIALOGUE, GatedDialogue(gate, ["One two three."], gated=0))
    )
    scene.say("hello")
    scene.recognizer.script.append("")
    scene.wait(0.2, voice=True)
    since = len(scene.moments)
    gate.set()
    scene.wait(0.2)
    assert seconds_of_sound(scene, since) == 0
    assert ended(scene).heard_text == "One two three."


def test_answer_continues_while_no_frame_is_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avatar_app.pipeline.output.playback.MOST_AHEAD", 48_000)
    monkeypatch.setattr(avatar_turn, "ANSWER_PATIENCE", 5.0)
    with Scene(fps=0.001) as scene:
        scene.dialogue.reply_to = lambda _text: ["word " * 60]
        scene.send(commands.TextTyped("talk to the wall"))
        turn = ended(scene)
        assert turn.outcome is Outcome.FINISHED
        assert len(turn.heard_text.split()) == 60


def test_volume_is_restored_after_a_cancelled_suspicion() -> None:
    with Scene() as scene:
        scene.dialogue.reply_to = lambda _text: ["word " * 10]
        scene.send(commands.TextTyped("talk"))
        scene.wait(0.5)
        loud = scene.moments[-1].played.max()
        scene.wait(0.02, voice=True)
        scene.send(commands.Mute(muted=True))
        scene.wait(0.2)
        assert scene.moments[-1].played.max() == pytest.approx(loud)


@pytest.mark.parametrize("taken", ["by voice", "by typing"])
def test_unheard_announcement_is_repeated_later(
    scene: Scene, gate: threading.Event, taken: str
) -> None:
    scene.send(commands.SwitchEngine(Kind.TTS, GatedVoice(gate)))
    scene.send(commands.Announce("Your tea is ready."))
    scene.wait(0.05)
    if taken == "by voice":
        scene.say("hello there")
    else:
        scene.send(commands.TextTyped("hello there"))
    assert ended(scene).user_text == "hello there"
    assert ended(scene, 2).heard_text == "Your tea is ready."


def test_interrupt_cancels_an_announcement_for_good(scene: Scene, gate: threading.Event) -> None:
    scene.send(commands.SwitchEngine(Kind.TTS, GatedVoice(gate)))
    scene.send(commands.Announce("Your tea is ready."))
    scene.wait(0.05)
    scene.send(commands.Interrupt())
    scene.wait(1.0)
    assert [turn.outcome for turn in scene.of(TurnEnded)] == [Outcome.INTERRUPTED]


def test_blocked_recognizer_does_not_block_the_conversation(
    monkeypatch: pytest.MonkeyPatch, scene: Scene, gate: threading.Event
) -> None:
    monkeypatch.setattr(recognition, "LONGEST_SEGMENT", 60)

    def transcribe(audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        turn.when_cancelled(gate.set)
        gate.wait(20)
        yield Transcript("too late", final=True)

    monkeypatch.setattr(scene.recognizer, "transcribe", transcribe)
    scene.send(commands.PushToTalk(held=True))
    scene.wait(1.0, voice=True)
    scene.send(commands.Interrupt())
    assert [event.state for event in scene.of(StateChanged)] == ["listening", "idle"]


def test_dialogue_hanging_in_mid_answer_is_abandoned(
    monkeypatch: pytest.MonkeyPatch, scene: Scene, gate: threading.Event
) -> None:
    monkeypatch.setattr(avatar_turn, "ANSWER_PATIENCE", 0.3)

    class Hanging(RecordingDialogue):
        def reply(self, prompt: Prompt, turn: Turn) -> Any:
            yield "The first clause. "
            gate.wait(20)
            yield "too late"

    scene.send(commands.SwitchEngine(Kind.DIALOGUE, Hanging()))
    scene.send(commands.TextTyped("hello"))
    assert ended(scene).outcome is Outcome.FAILED
    assert [failed.stage for failed in scene.of(Failed)] == ["think"]
    scene.send(commands.SwitchEngine(Kind.DIALOGUE, RecordingDialogue()))
    scene.send(commands.TextTyped("again"))
    assert ended(scene, 2).heard_text == "You said again. Fine."


def test_failing_detector_is_reported_until_replaced_and_logged_once(
    monkeypatch: pytest.MonkeyPatch,
    expected_warnings: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected_warnings.append("conversation failed")
    with Scene() as scene:

        def fail(_block: AudioChunk) -> float:
            raise ZeroDivisionError("oops")

        monkeypatch.setattr(scene.engines.vad, "probability", fail)
        scene.wait(0.1, voice=True)
        scene.send(commands.TextTyped("hello"))
        assert ended(scene).heard_text == "You said hello. Fine."
        assert [failed.stage for failed in scene.of(Failed)] == ["detect_voice"] * 3
        assert [record.message for record in caplog.records if record.exc_info] == [
            "conversation failed"
        ]


def test_half_characters_of_servers_and_users_reach_neither_voice_nor_history(
    scene: Scene,
) -> None:
    scene.dialogue.reply_to = lambda _text: ["Hello \ud83d", "\ude00 you", " there \ud83d."]
    scene.send(commands.TextTyped("what \ud83d"))
    scene.wait_until(lambda: bool(scene.of(TurnEnded)))
    (said,) = scene.of(UserSaid)
    (ended,) = scene.of(TurnEnded)
    assert said.text == "what \ufffd"
    assert ended.avatar_text == "Hello 😀 you there \ufffd."
