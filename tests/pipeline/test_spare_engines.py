"""When an engine is given up in a turn, the turn is not lost: the built-in one does its work."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import Gate, RecordingDialogue, RecordingRecognizer, Scene

from avatar_app.bench.scripted.engines import FlatVoice, Plain
from avatar_app.core.errors import EngineFailed
from avatar_app.core.events import Failed, Noticed, Outcome, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    AudioChunk,
    Samples,
    SpeechChunk,
    ToolCall,
    ToolResult,
    Transcript,
)
from avatar_app.engines.asr.pocketsphinx.engine import PocketsphinxRecognizer
from avatar_app.engines.tts.espeak.engine import EspeakVoice
from avatar_app.media.sound_reader import read_sound
from avatar_app.pipeline import commands
from avatar_app.pipeline.input import late_recognizer
from avatar_app.pipeline.output import avatar_turn

DATA = Path(__file__).parents[1] / "data"


class Builtin:
    """Offers what a test gives it."""

    def __init__(self, **engines: Any) -> None:
        self.engines = {Kind(name): engine for name, engine in engines.items()}
        self.asked: list[Kind] = []

    def offers(self, kind: Kind) -> bool:
        return kind in self.engines

    def engine(self, kind: Kind) -> Any:
        self.asked.append(kind)
        return self.engines[kind]


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Opened after the test, so that nobody waits for ever."""
    gate = Gate()
    yield gate
    gate.open()


class Broken(Plain):
    """Of any kind; fails after `outputs` of a better one, or hangs at `gate`."""

    def __init__(self, better: Any, outputs: int = 0, gate: Gate | None = None) -> None:
        self._better, self._outputs, self._gate = better, outputs, gate

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        return self._some(self._better.transcribe(audio, turn))

    def reply(self, prompt: Prompt, turn: Turn) -> Generator[Any, Any, None]:
        return self._some(self._better.reply(prompt, turn))

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        return self._some(self._better.speak(text, turn))

    def _some(self, outputs: Any) -> Generator[Any, Any, None]:
        for _ in range(self._outputs):
            yield next(outputs)
        if self._gate is not None:
            self._gate.wait()
            yield from outputs  # it comes back after all, and is not wanted any more
        raise EngineFailed("It broke.", "Mend it.")


def the_turn(scene: Scene) -> TurnEnded:
    scene.wait_until(lambda: bool(scene.of(TurnEnded)))
    (turn,) = scene.of(TurnEnded)
    return turn


def failures(scene: Scene) -> list[tuple[str, str]]:
    return [(failed.stage, failed.hint) for failed in scene.of(Failed)]


# The recognizer


@pytest.mark.parametrize("partials", [0, 1])
def test_a_spare_recognizer_transcribes_the_utterance_again(partials: int) -> None:
    spare = RecordingRecognizer(script=["good morning"])
    with Scene(builtin=Builtin(asr=spare)) as scene:
        broken = Broken(RecordingRecognizer(script=["good evening"]), partials)
        scene.send(commands.SwitchEngine(Kind.ASR, broken))
        scene.say("-")
        turn = the_turn(scene)
        assert (turn.outcome, turn.user_text) == (Outcome.FINISHED, "good morning")
        assert failures(scene) == [("recognize", "The built-in recognizer listens to it instead.")]
        (sound,) = spare.heard
        assert np.count_nonzero(np.abs(sound) > 0.05) / 16_000 == pytest.approx(1.0, abs=0.05)


def test_the_next_segment_uses_the_chosen_recognizer() -> None:
    with Scene(builtin=Builtin(asr=RecordingRecognizer(script=["good"]))) as scene:
        chosen = RecordingRecognizer(script=["morning"])
        first = iter([Broken(chosen), chosen, chosen])
        scene.send(commands.SwitchEngine(Kind.ASR, ByCall(lambda: next(first))))
        scene.wait(0.6, voice=True)
        scene.wait(0.45)
        scene.wait(0.6, voice=True)
        scene.wait(1.2)
        assert the_turn(scene).user_text == "good morning"


class ByCall(Plain):
    """Another recognizer for each call."""

    def __init__(self, pick: Callable[[], Any]) -> None:
        self._pick = pick

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        return self._pick().transcribe(audio, turn)


def test_a_hanging_recognizer_does_not_lose_the_turn(
    monkeypatch: pytest.MonkeyPatch, gate: Gate
) -> None:
    monkeypatch.setattr(late_recognizer, "RECOGNIZER_PATIENCE", 2.0)
    with Scene(builtin=Builtin(asr=RecordingRecognizer(script=["good morning"]))) as scene:
        gate.join(scene)
        hung = Broken(RecordingRecognizer(script=["too late"]), gate=gate)
        scene.send(commands.SwitchEngine(Kind.ASR, hung))
        scene.say("-")
        turn = the_turn(scene)
        gate.open()
        scene.wait(0.5)
        assert (turn.outcome, turn.user_text) == (Outcome.FINISHED, "good morning")
        assert [stage for stage, _ in failures(scene)] == ["recognize"]
        assert len(scene.of(TurnEnded)) == 1


def test_a_recognizer_that_explains_its_wait_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch, gate: Gate
) -> None:
    monkeypatch.setattr(late_recognizer, "RECOGNIZER_PATIENCE", 2.0)
    turns: list[Turn] = []

    class Slow(RecordingRecognizer):
        def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
            turns.append(turn)
            for _block in audio:
                turn.check()
            turn.explain_wait("Whisper is loading.")
            gate.wait()
            yield Transcript("good morning", final=True)

    with Scene() as scene:
        gate.join(scene)
        scene.send(commands.SwitchEngine(Kind.ASR, Slow()))
        scene.say("-", pause=0.7)
        for _ in range(50):
            scene.wait(0.1)
            turns[0].stir()
        gate.open()
        assert the_turn(scene).user_text == "good morning"
        assert not scene.of(Failed)
        assert [notice.message for notice in scene.of(Noticed)] == ["Whisper is loading."]


def test_without_a_spare_recognizer_the_utterance_is_lost() -> None:
    with Scene() as scene:
        scene.send(commands.SwitchEngine(Kind.ASR, Broken(RecordingRecognizer())))
        scene.say("-")
        scene.wait(1)
        assert not scene.of(TurnEnded)
        assert failures(scene) == [("recognize", "Mend it.")]


def test_a_failing_spare_recognizer_ends_the_turn() -> None:
    with Scene(builtin=Builtin(asr=Broken(RecordingRecognizer()))) as scene:
        scene.send(commands.SwitchEngine(Kind.ASR, Broken(RecordingRecognizer())))
        scene.say("-")
        scene.wait(1)
        assert [hint for _, hint in failures(scene)][1:] == ["Mend it."]
        assert not scene.of(TurnEnded)


# The dialogue


@pytest.mark.parametrize("pieces", [0, 1])
def test_the_spare_dialogue_answers_an_unstarted_turn(pieces: int) -> None:
    chosen = RecordingDialogue(reply_to=lambda _text: ["I was ", "about to say it. "])
    with Scene(builtin=Builtin(dialogue=RecordingDialogue())) as scene:
        scene.send(commands.SwitchEngine(Kind.DIALOGUE, Broken(chosen, pieces)))
        scene.send(commands.TextTyped("hello"))
        turn = the_turn(scene)
        assert turn.outcome is Outcome.FINISHED
        assert turn.heard_text == turn.avatar_text == "You said hello. Fine."
        assert failures(scene) == [("think", "The built-in conversation answers instead.")]


def test_a_spare_dialogue_repeats_neither_text_nor_tool_calls() -> None:
    for pieces in (["It is so. ", "And so. "], [ToolCall("set_timer"), "Done. "]):
        called: list[ToolCall] = []

        def call_tool(call: ToolCall, called: list[ToolCall] = called) -> ToolResult:
            called.append(call)
            return ToolResult("done")

        spare = RecordingDialogue(reply_to=lambda _text, pieces=pieces: pieces)
        with Scene(builtin=Builtin(dialogue=spare), call_tool=call_tool) as scene:
            broken = Broken(RecordingDialogue(reply_to=lambda _text, pieces=pieces: pieces), 2)
            scene.send(commands.SwitchEngine(Kind.DIALOGUE, broken))
            scene.send(commands.TextTyped("hello"))
            assert the_turn(scene).outcome is Outcome.FAILED
            assert not spare.prompts
            assert len(called) <= 1


def test_a_hanging_dialogue_does_not_lose_the_turn(
    monkeypatch: pytest.MonkeyPatch, gate: Gate
) -> None:
    monkeypatch.setattr(avatar_turn, "ANSWER_PATIENCE", 2.0)
    with Scene(builtin=Builtin(dialogue=RecordingDialogue())) as scene:
        gate.join(scene)
        hung = Broken(RecordingDialogue(reply_to=lambda _text: ["Too late. "]), gate=gate)
        scene.send(commands.SwitchEngine(Kind.DIALOGUE, hung))
        scene.send(commands.TextTyped("hello"))
        scene.wait_until(lambda: bool(scene.of(Failed)))
        gate.open()
        turn = the_turn(scene)
        assert (turn.outcome, turn.heard_text) == (Outcome.FINISHED, "You said hello. Fine.")


def test_a_server_that_loads_its_model_is_awaited(
    monkeypatch: pytest.MonkeyPatch, gate: Gate
) -> None:
    monkeypatch.setattr(avatar_turn, "ANSWER_PATIENCE", 2.0)
    turns: list[Turn] = []

    class Loading(RecordingDialogue):
        def reply(self, prompt: Prompt, turn: Turn) -> Any:
            turn.explain_wait("The server is loading its model.")
            turns.append(turn)
            gate.wait()
            turn.explain_wait("")
            yield from super().reply(prompt, turn)

    with Scene() as scene:
        gate.join(scene)
        scene.send(commands.SwitchEngine(Kind.DIALOGUE, Loading()))
        scene.send(commands.TextTyped("hello"))
        scene.wait_until(lambda: bool(turns))
        for _ in range(100):
            scene.wait(0.1)
            turns[0].stir()  # as a host does while it waits
        gate.open()
        assert the_turn(scene).outcome is Outcome.FINISHED
        assert not scene.of(Failed)
        (notice,) = scene.of(Noticed)
        assert notice.message == "The server is loading its model."


# The voice


@pytest.mark.parametrize("words", [0, 2])
def test_the_spare_voice_speaks_the_remaining_text(words: int) -> None:
    with Scene(builtin=Builtin(tts=FlatVoice())) as scene:
        scene.dialogue.reply_to = lambda _text: ["One two three four. ", "Five six."]
        scene.send(commands.SwitchEngine(Kind.TTS, Broken(FlatVoice(), words)))
        scene.send(commands.TextTyped("count"))
        turn = the_turn(scene)
        assert turn.outcome is Outcome.FINISHED
        assert turn.heard_text == "One two three four. Five six."
        assert failures(scene) == [("speak", "The built-in voice takes over.")]


def test_the_spare_voice_speaks_announcements() -> None:
    with Scene(builtin=Builtin(tts=FlatVoice())) as scene:
        scene.send(commands.SwitchEngine(Kind.TTS, Broken(FlatVoice())))
        scene.send(commands.Announce("Your tea is ready."))
        assert the_turn(scene).heard_text == "Your tea is ready."


def test_a_hanging_voice_does_not_lose_the_turn(
    monkeypatch: pytest.MonkeyPatch, gate: Gate
) -> None:
    monkeypatch.setattr(avatar_turn, "ANSWER_PATIENCE", 2.0)
    with Scene(builtin=Builtin(tts=FlatVoice())) as scene:
        gate.join(scene)
        scene.send(commands.SwitchEngine(Kind.TTS, Broken(FlatVoice(), 1, gate)))
        scene.send(commands.TextTyped("hello"))
        scene.wait_until(lambda: bool(scene.of(Failed)))
        gate.open()
        turn = the_turn(scene)
        assert (turn.outcome, turn.heard_text) == (Outcome.FINISHED, "You said hello. Fine.")


def test_voices_of_other_rates_follow_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[tuple[float, float]] = []
    espeak = EspeakVoice()
    with Scene(builtin=Builtin(tts=espeak)) as scene:
        put = scene.conversation.playback.put

        def watched(turn: Turn, chunk: SpeechChunk) -> None:
            starts.append((chunk.audio.start / chunk.audio.rate, chunk.audio.seconds))
            put(turn, chunk)

        monkeypatch.setattr(scene.conversation.playback, "put", watched)
        scene.send(commands.SwitchEngine(Kind.TTS, Broken(FlatVoice(), 1)))
        scene.send(commands.TextTyped("hello"))
        assert the_turn(scene).outcome is Outcome.FINISHED
    espeak.close()
    seconds = 0.0
    for start, length in starts:
        assert start == pytest.approx(seconds, abs=1e-3)
        seconds += length


# All three at once, with the built-in engines themselves


def blocks_of(samples: Samples) -> Samples:
    return np.concatenate([samples, np.zeros(16_000, np.float32)])


def test_spare_engines_complete_a_turn_if_all_chosen_ones_fail() -> None:
    recognizer, voice = PocketsphinxRecognizer(), EspeakVoice()
    builtin = Builtin(asr=recognizer, dialogue=RecordingDialogue(), tts=voice)
    with Scene(builtin=builtin) as scene:
        scene.send(commands.SwitchEngine(Kind.ASR, Broken(RecordingRecognizer())))
        scene.send(commands.SwitchEngine(Kind.DIALOGUE, Broken(RecordingDialogue())))
        scene.send(commands.SwitchEngine(Kind.TTS, Broken(FlatVoice())))
        said = blocks_of(read_sound(DATA / "goforward.wav").samples)
        scene.moments += scene.devices.pass_time(len(said) / 16_000, said)
        turn = the_turn(scene)
        assert turn.user_text == "go forward ten meters"
        assert turn.outcome is Outcome.FINISHED
        assert turn.heard_text == "You said go forward ten meters. Fine."
        assert [stage for stage, _ in failures(scene)] == ["recognize", "think", "speak"]
    for engine in (recognizer, voice):
        engine.close()
