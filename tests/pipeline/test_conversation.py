"""A conversation of scripted engines in a room where time passes only when told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from fakes import Gate, RecordingDialogue, Scene
from fakes import RecordingRecognizer as Recognizer

from avatar_app.bench.scripted.engines import (
    FlatFace,
    FlatVoice,
    LevelDetector,
    PassThrough,
    level_of,
)
from avatar_app.core.errors import EngineFailed
from avatar_app.core.events import (
    BlockWritten,
    ClauseWritten,
    Failed,
    Muted,
    Outcome,
    State,
    StateChanged,
    TurnEnded,
    UserSaid,
    UserStarted,
    UserTranscript,
    UserTurnDiscarded,
    WordsPlayed,
)
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Message, PicturePart, Role
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    AudioChunk,
    FaceState,
    SpeechChunk,
    ToolCall,
    ToolResult,
    Transcript,
    VideoFrame,
)
from avatar_app.pipeline import commands
from avatar_app.pipeline.conversation import Engines
from avatar_app.pipeline.input import late_recognizer
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions
from avatar_app.pipeline.output import avatar_turn
from avatar_app.pipeline.output.presenter import FRAMES_AHEAD
from avatar_app.pipeline.stage import LIMIT

TEN = "one two three four five six seven eight nine ten."


class HeldDetector(LevelDetector):
    """Hears nothing before it may; then the conversation thread sends a command itself."""

    def __init__(self) -> None:
        self.asked, self.may = threading.Event(), threading.Event()
        self.order = list[Callable[[], None]]()

    def probability(self, block: AudioChunk) -> float:
        self.asked.set()
        self.may.wait()
        while self.order:
            self.order.pop()()
        return super().probability(block)


def test_send_never_blocks_on_a_late_conversation_thread() -> None:
    detector = HeldDetector()
    parts = Recognizer(), RecordingDialogue(), FlatVoice(), FlatFace()
    with Scene(engines=Engines(PassThrough(), detector, *parts)) as scene:
        conversation, block = scene.conversation, AudioChunk(np.zeros(160, np.float32), 16000)
        detector.order.append(lambda: conversation.send(commands.Mute(muted=True)))
        conversation.hear(block, 0.0)
        assert detector.asked.wait(60)
        for _ in range(LIMIT):
            conversation.hear(block, 0.0)
        late = threading.Thread(target=conversation.hear, args=(block, 0.0), daemon=True)
        late.start()
        window = threading.Thread(
            target=conversation.send, args=(commands.TextTyped("one"),), daemon=True
        )
        window.start()
        window.join(60)
        assert not window.is_alive()
        assert late.is_alive()  # sound waits
        detector.may.set()
        late.join(60)
        scene.wait_until(lambda: bool(scene.of(Muted)))
        assert [said.text for said in scene.of(UserSaid)] == ["one"]


@pytest.fixture
def scene() -> Iterator[Scene]:
    with Scene() as scene:
        scene.wait(0.6)
        yield scene


def count_to_ten(scene: Scene) -> None:
    """The avatar has said three words of ten."""
    scene.dialogue.reply_to = lambda _text: [TEN]
    scene.say("count")
    scene.wait_until(lambda: len(scene.of(WordsPlayed)) >= 3)


def ended(scene: Scene, count: int = 1) -> TurnEnded:
    scene.wait_until(lambda: len(scene.of(TurnEnded)) >= count)
    event: TurnEnded = scene.of(TurnEnded)[count - 1]
    return event


def test_spoken_turn_is_recognized_answered_played_and_shown(scene: Scene) -> None:
    scene.say("hello there")
    turn = ended(scene)
    assert turn.user_text == "hello there"
    assert turn.heard_text == turn.avatar_text == "You said hello there. Fine."
    assert turn.outcome is Outcome.FINISHED
    assert turn.pictures.shown == 25
    assert turn.pictures.dropped == 0
    assert turn.pictures.skew_p99_ms <= 30
    names = [type(event) for event in scene.events]
    assert names.index(UserStarted) < names.index(UserTranscript) < names.index(UserSaid)
    assert names.index(UserSaid) < names.index(ClauseWritten) < names.index(WordsPlayed)
    states = [event.state for event in scene.of(StateChanged)]
    assert states[0] is State.LISTENING
    assert states[-2:] == [State.SPEAKING, State.IDLE]


def test_attached_picture_belongs_to_the_next_message(scene: Scene) -> None:
    picture = PicturePart(b"a cat")
    scene.send(commands.MediaAttached(picture))
    scene.say("what is this")
    ended(scene)
    assert scene.dialogue.prompts[-1].messages[-1].media == (picture,)
    scene.say("and now")
    ended(scene, 2)
    assert [message.media for message in scene.dialogue.prompts[-1].messages] == [
        (),
        (picture,),
        (),
        (),
    ]


def test_first_syllable_is_not_lost(scene: Scene) -> None:
    scene.say("hello")
    heard = scene.recognizer.heard[0]
    first = int(np.argmax(np.abs(heard) > 0.01))
    assert np.count_nonzero(np.abs(heard) > 0.01) == 16000
    assert 0.3 * 16000 < first < 0.6 * 16000  # the silence before belongs to it too


def test_answer_starts_soon_after_the_end_of_the_turn(scene: Scene) -> None:
    scene.say("hello there")
    marks = ended(scene).marks
    assert marks["end_of_turn"] - marks["user_stopped"] == pytest.approx(0.58, abs=0.03)
    assert 0 < marks["first_sound"] - marks["end_of_turn"] <= 0.08


def test_prepared_answer_is_dropped_when_the_user_continues(scene: Scene) -> None:
    scene.recognizer.script += ["tell me", "a story"]
    scene.wait(0.6, voice=True)
    scene.wait(0.4)  # long enough to prepare, too short to end
    assert len(scene.dialogue.prompts) == 1
    assert not scene.of(UserSaid)
    scene.wait(0.6, voice=True)
    turn = ended(scene)
    assert turn.user_text == "tell me a story"
    assert len(scene.of(UserStarted)) == 1
    assert [prompt.user_text for prompt in scene.dialogue.prompts] == ["tell me", "tell me a story"]
    assert scene.context.prompt("").messages[1:-1] == (
        Message(Role.USER, "tell me a story"),
        Message(Role.AVATAR, turn.heard_text),
    )


def test_an_answer_waits_for_the_end_of_the_turn(scene: Scene) -> None:
    scene.say("hello", seconds=0.5, pause=0.5)
    assert scene.dialogue.prompts
    assert max(moment.played.max() for moment in scene.moments) == 0


def test_barge_in_interrupts_and_history_keeps_heard_words(scene: Scene) -> None:
    count_to_ten(scene)
    scene.say("stop it please")
    first = ended(scene)
    assert first.outcome is Outcome.INTERRUPTED
    assert first.avatar_text == TEN
    assert first.heard_text in ("one two three", "one two three four")
    second = ended(scene, 2)
    assert second.user_text == "stop it please"
    prompt = scene.dialogue.prompts[-1]
    assert prompt.messages[-2] == Message(Role.AVATAR, first.heard_text, interrupted=True)


def test_the_avatar_is_silent_within_200_ms_of_the_users_first_sample(scene: Scene) -> None:
    count_to_ten(scene)
    begun = len(scene.moments)
    scene.say("stop it please", pause=0.1)
    loud = [i for i, moment in enumerate(scene.moments) if np.abs(moment.played).max() > 0.01]
    assert 0.05 < (loud[-1] - begun) * 0.01 <= 0.2


def test_after_an_interruption_the_face_is_at_rest(scene: Scene) -> None:
    count_to_ten(scene)
    begun = len(scene.moments)
    scene.say("stop it please", pause=0.1)
    speaking = [
        i for i, m in enumerate(scene.moments) if m.frame is not None and m.frame.image[0, 0, 0]
    ]
    silent = [i for i, m in enumerate(scene.moments) if np.abs(m.played).max() > 0.01][-1]
    assert begun < speaking[-1] <= silent + 4


def test_possible_speech_ducks_and_a_click_is_ignored(scene: Scene) -> None:
    count_to_ten(scene)
    begun = len(scene.moments)
    scene.wait(0.01, voice=True)
    scene.wait(0.5)
    levels = [float(np.abs(m.played).max()) for m in scene.moments[begun:]]
    assert min(levels[:20]) < 0.35 * max(levels)  # quieter
    assert min(levels[:20]) > 0.1 * max(levels)  # and never silent
    assert levels[-1] == pytest.approx(max(levels))
    assert not scene.of(UserTurnDiscarded)
    assert ended(scene).outcome is Outcome.FINISHED


@pytest.mark.parametrize("sound", ["", "mm-hm", "okay", "Yeah."])
def test_cough_or_backchannel_pauses_and_resumes_without_losing_words(
    scene: Scene, sound: str
) -> None:
    count_to_ten(scene)
    before = len(scene.of(UserTurnDiscarded))
    scene.say(sound, seconds=0.3, pause=0.1)
    turn = ended(scene)
    assert turn.outcome is Outcome.FINISHED
    assert turn.heard_text == TEN
    assert len(scene.of(UserTurnDiscarded)) == before + 1
    played = np.concatenate([moment.played for moment in scene.moments])
    full = np.count_nonzero(np.abs(played) > level_of(0)) / 48000
    assert 10 * 0.2 - 0.15 <= full <= 10 * 0.2 + 0.2  # all of it, and at most one word twice


def test_playback_resumes_at_a_word_start(scene: Scene) -> None:
    count_to_ten(scene)
    position = scene.conversation.playback._position
    scene.say("", seconds=0.3, pause=0.0)
    paused_at = scene.conversation.playback._position
    assert paused_at > position
    scene.wait_until(lambda: scene.conversation.playback._gain > 0)
    resumed_at = scene.conversation.playback._position - 480
    assert resumed_at <= paused_at
    assert resumed_at % 9600 == 0


def test_unanswered_text_joins_the_next_turn() -> None:
    slow = threading.Event()

    class SlowDialogue(RecordingDialogue):
        def reply(self, prompt, turn):  # type: ignore[no-untyped-def]
            if prompt.user_text == "the first half":
                turn.when_cancelled(slow.set)
                slow.wait(20)
                turn.check()
            yield from super().reply(prompt, turn)

    with Scene(pace=0.05) as scene:
        scene.conversation.send(commands.SwitchEngine(Kind.DIALOGUE, SlowDialogue()))
        scene.wait(0.6)
        scene.say("the first half", seconds=0.3, pause=0.8)
        assert scene.of(UserSaid)
        scene.say("and the second", seconds=0.3)
        turn = ended(scene)
        assert turn.user_text == "the first half and the second"
        assert scene.of(UserTurnDiscarded)[0].turn_id == scene.of(UserSaid)[0].turn_id


def test_typing_interrupts_and_is_answered(scene: Scene) -> None:
    count_to_ten(scene)
    scene.send(commands.TextTyped("never mind"))
    assert ended(scene).outcome is Outcome.INTERRUPTED
    assert scene.of(UserSaid)[-1] == UserSaid(2, "never mind", typed=True)
    assert ended(scene, 2).typed


def test_interrupt_command_silences_immediately(scene: Scene) -> None:
    count_to_ten(scene)
    scene.send(commands.Interrupt())
    assert ended(scene).outcome is Outcome.INTERRUPTED
    scene.wait(0.2)
    assert scene.moments[-1].played.max() == 0
    assert scene.conversation.state is State.IDLE


def test_muted_conversation_recognizes_nothing_and_sleeps(scene: Scene) -> None:
    scene.send(commands.Mute(muted=True))
    scene.say("hello", seconds=0.5)
    assert not scene.of(UserStarted)
    assert scene.of(Muted)[-1].muted
    assert scene.conversation.presenter.look is FaceState.ASLEEP
    scene.send(commands.Mute(muted=False))
    scene.say("hello")
    assert ended(scene).user_text == "hello"


def test_push_to_talk_needs_no_voice_activity_and_works_when_muted(scene: Scene) -> None:
    scene.send(commands.Mute(muted=True))
    scene.recognizer.script.append("whispered words")
    scene.send(commands.PushToTalk(held=True))
    scene.wait(0.5)
    scene.send(commands.PushToTalk(held=False))
    marks = ended(scene).marks
    assert scene.of(UserSaid)[0].text == "whispered words"
    assert marks["first_sound"] - marks["end_of_turn"] <= 0.1


def test_push_to_talk_takes_the_floor(scene: Scene) -> None:
    count_to_ten(scene)
    scene.send(commands.PushToTalk(held=True))
    assert ended(scene).outcome is Outcome.INTERRUPTED
    scene.send(commands.PushToTalk(held=False))
    scene.wait(0.5)
    assert scene.conversation.state is State.IDLE


def test_announcements_wait_for_silence(scene: Scene) -> None:
    count_to_ten(scene)
    scene.send(commands.Announce("Your tea is ready."))
    first, second = ended(scene), ended(scene, 2)
    assert first.outcome is Outcome.FINISHED
    assert second.heard_text == "Your tea is ready."
    assert second.user_text == ""
    assert scene.context.prompt("").messages[-2] == Message(Role.AVATAR, "Your tea is ready.")


def test_tools_are_called_once_the_turn_is_certain() -> None:
    called: list[ToolCall] = []

    def call_tool(call: ToolCall) -> ToolResult:
        called.append(call)
        return ToolResult("noon")

    with Scene(call_tool=call_tool) as scene:
        scene.dialogue.reply_to = lambda _text: ["Let me see. ", ToolCall("time"), "There."]
        scene.wait(0.6)
        scene.say("what time is it", seconds=0.5, pause=0.45)
        assert not called
        turn = ended(scene)
        assert called == [ToolCall("time")]
        assert scene.dialogue.results == [ToolResult("noon")]
        assert turn.heard_text == "Let me see. There."


def test_the_first_clause_sounds_while_the_rest_is_being_written() -> None:
    go_on = threading.Event()

    class Writing(RecordingDialogue):
        def reply(self, prompt, turn):  # type: ignore[no-untyped-def]
            yield "This comes first. "
            go_on.wait(20)
            yield "This comes later."

    with Scene(pace=0.05) as scene:
        scene.conversation.send(commands.SwitchEngine(Kind.DIALOGUE, Writing()))
        scene.send(commands.TextTyped("write"))
        scene.wait_until(lambda: scene.of(WordsPlayed), 2)
        assert not go_on.is_set()
        go_on.set()
        assert ended(scene).heard_text == "This comes first. This comes later."


class Broken:
    """Fails in whatever it is asked to do."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def fail(self, *_: object) -> Iterator[object]:
        raise self.error
        yield

    transcribe = reply = speak = perform = fail


@pytest.mark.parametrize(
    ("kind", "stage"), [(Kind.DIALOGUE, "think"), (Kind.TTS, "speak"), (Kind.ASR, "recognize")]
)
def test_failing_engine_costs_one_turn(scene: Scene, kind: Kind, stage: str) -> None:
    scene.send(commands.SwitchEngine(kind, Broken(EngineFailed("It broke.", "Mend it."))))
    scene.say("hello")
    scene.wait_until(lambda: scene.of(Failed))
    failed = scene.of(Failed)[0]
    assert (failed.stage, failed.message, failed.hint) == (stage, "It broke.", "Mend it.")
    scene.wait_until(lambda: scene.conversation.state is State.IDLE)
    engines = {Kind.DIALOGUE: RecordingDialogue(), Kind.TTS: FlatVoice(), Kind.ASR: Recognizer()}
    scene.send(commands.SwitchEngine(kind, engines[kind]))
    scene.send(commands.TextTyped("again"))
    scene.wait_until(lambda: scene.of(TurnEnded) and scene.of(TurnEnded)[-1].user_text == "again")
    assert scene.of(TurnEnded)[-1].outcome is Outcome.FINISHED


def test_a_turn_whose_voice_fails_preserves_its_text(scene: Scene) -> None:
    scene.send(commands.SwitchEngine(Kind.TTS, Broken(EngineFailed("It broke.", ""))))
    scene.send(commands.TextTyped("hello"))
    turn = ended(scene)
    assert turn.outcome is Outcome.FAILED
    assert turn.avatar_text == "You said hello. Fine."
    assert turn.heard_text == ""


def test_speech_continues_without_a_face(scene: Scene) -> None:
    class Faceless(FlatFace):
        def perform(self, speech, turn, after=None):  # type: ignore[no-untyped-def]
            next(speech)
            raise EngineFailed("No picture.", "Choose another face.")
            yield

    scene.send(commands.SwitchEngine(Kind.FACE, Faceless()))
    scene.send(commands.TextTyped("hello"))
    turn = ended(scene)
    assert turn.outcome is Outcome.FINISHED
    assert turn.heard_text == "You said hello. Fine."
    assert scene.of(Failed)[0].stage == "perform"
    assert turn.marks["first_sound"] - turn.marks["end_of_turn"] < 0.3


def test_a_bug_in_an_engine_is_reported_and_logged(
    scene: Scene, expected_warnings: list[str]
) -> None:
    expected_warnings.append("think failed")
    scene.send(commands.SwitchEngine(Kind.DIALOGUE, Broken(ZeroDivisionError("oops"))))
    scene.send(commands.TextTyped("hello"))
    assert ended(scene).outcome is Outcome.FAILED
    assert "oops" in scene.of(Failed)[0].message


def test_hanging_engine_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avatar_turn, "ANSWER_PATIENCE", 1.0)
    gate = Gate()

    class Hanging(RecordingDialogue):
        def reply(self, prompt, turn):  # type: ignore[no-untyped-def]
            gate.wait()
            yield "too late"

    with Scene() as scene:
        gate.join(scene)
        scene.send(commands.SwitchEngine(Kind.DIALOGUE, Hanging()))
        scene.send(commands.TextTyped("hello"))
        turn = ended(scene)
        assert turn.outcome is Outcome.FAILED
        assert scene.of(Failed)[0].message == "No answer came."
        scene.send(commands.SwitchEngine(Kind.DIALOGUE, RecordingDialogue()))
        scene.send(commands.TextTyped("again"))
        assert ended(scene, 2).heard_text == "You said again. Fine."
        gate.open()


def test_late_failure_of_an_old_turn_is_ignored(scene: Scene) -> None:
    count_to_ten(scene)
    old = scene.conversation._avatar_turn.turn
    assert old is not None
    scene.dialogue.reply_to = lambda text: [f"You said {text}. Fine."]
    scene.send(commands.TextTyped("something else"))
    scene.send(commands.StageFailed(old, "think", EngineFailed("late", "")))
    scene.send(commands.ClauseReceived(old, "stale"))
    turn = ended(scene, 2)
    assert turn.outcome is Outcome.FINISHED
    assert turn.avatar_text == "You said something else. Fine."
    assert not scene.of(Failed)


def test_a_new_face_is_shown_at_once(scene: Scene) -> None:
    class Other(FlatFace):
        fps = 20.0

        def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
            return VideoFrame(np.full((2, 2, 3), 99, np.uint8), 0.0)

    scene.send(commands.SwitchEngine(Kind.FACE, Other()))
    scene.wait(0.3)
    frame = scene.moments[-1].frame
    assert frame is not None
    assert frame.image[0, 0, 0] == 99
    assert scene.conversation.presenter.fps == 20.0


def test_a_long_monologue_is_answered_in_the_end() -> None:
    with Scene(turn_detection=TurnDetectionOptions(max_utterance=2.0)) as scene:
        scene.wait(0.6)
        scene.recognizer.script.append("and so on")
        scene.wait(2.5, voice=True)
        assert scene.of(UserSaid)[0].text == "and so on"


def test_uncertain_transcripts_are_noise(scene: Scene) -> None:
    class Unsure(Recognizer):
        def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
            for _ in audio:
                turn.check()
            yield Transcript("the", final=True, confidence=0.05)

    scene.send(commands.SwitchEngine(Kind.ASR, Unsure()))
    scene.wait(0.5, voice=True)
    scene.wait(1.0)
    assert scene.of(UserTurnDiscarded)
    assert not scene.of(UserSaid)


def test_the_face_expresses_what_the_avatar_does(scene: Scene) -> None:
    looks = []
    scene.recognizer.script.append("hello there")
    for voice, seconds in ((True, 0.5), (False, 0.35), (False, 0.6)):
        for _ in range(int(seconds * 100)):
            scene.wait(0.01, voice=voice)
            looks.append(scene.conversation.presenter.look)
    order = list(dict.fromkeys(looks))
    assert order[:3] == [FaceState.IDLE, FaceState.LISTENING, FaceState.NODDING]
    assert order[-1] is FaceState.SPEAKING


def test_speech_waits_120_ms_for_a_picture_and_no_longer() -> None:
    class Slow(FlatFace):
        def perform(
            self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
        ) -> Iterator[VideoFrame]:
            chunks = list(speech)  # sees nothing before all has been said
            yield from super().perform(iter(chunks), turn, after)

    class Endless(FlatVoice):
        def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
            yield from super().speak(text, turn)
            blocked.wait(20)

    blocked = threading.Event()
    engines = Engines(
        PassThrough(), LevelDetector(), Recognizer(), RecordingDialogue(), Endless(), Slow()
    )
    with Scene(engines=engines, pace=0.02) as scene:
        scene.send(commands.TextTyped("hello"))
        scene.wait_until(lambda: scene.of(WordsPlayed), 1.0)
        marks = scene.conversation._avatar_turn.turn.marks  # type: ignore[union-attr]
        blocked.set()
        assert 0.1 <= marks["first_sound"] - marks["first_speech"] <= 0.22


def test_a_face_knows_how_much_of_its_speech_was_heard(scene: Scene) -> None:
    class Attentive(FlatFace):
        def perform(
            self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
        ) -> Iterator[VideoFrame]:
            for frame in super().perform(speech, turn, after):
                leads.append(frame.at - turn.heard)
                yield frame

    leads: list[float] = []
    scene.send(commands.SwitchEngine(Kind.FACE, Attentive()))
    scene.send(commands.TextTyped("hello"))
    assert ended(scene).outcome is Outcome.FINISHED
    ahead = (FRAMES_AHEAD + 2) / FlatFace.fps
    assert leads[0] == 0.0
    assert len(leads) > 2 * FRAMES_AHEAD
    assert -0.1 < min(leads) < max(leads) <= ahead


def test_long_speech_is_answered_however_unsure_its_words_are(scene: Scene) -> None:
    class Unsure(Recognizer):
        def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
            for _ in audio:
                turn.check()
            yield Transcript("ask not what your country can do", final=True, confidence=0.1)

    scene.send(commands.SwitchEngine(Kind.ASR, Unsure()))
    scene.wait(3.0, voice=True)
    assert ended(scene).user_text == "ask not what your country can do"


def test_hanging_recognizer_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_recognizer, "RECOGNIZER_PATIENCE", 1.0)
    gate = Gate()

    class Hanging(Recognizer):
        def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
            gate.wait()
            yield Transcript("too late", final=True)

    with Scene() as scene:
        gate.join(scene)
        scene.send(commands.SwitchEngine(Kind.ASR, Hanging()))
        scene.wait(0.6)
        scene.wait(0.5, voice=True)
        scene.wait_until(lambda: scene.of(Failed), 5)
        assert scene.of(Failed)[0].stage == "recognize"
        assert scene.of(UserTurnDiscarded)
        scene.send(commands.SwitchEngine(Kind.ASR, Recognizer(script=["again"])))
        scene.wait(0.5, voice=True)
        assert ended(scene).user_text == "again"
        gate.open()


def test_code_is_shown_and_not_spoken_and_remembered(scene: Scene) -> None:
    code = "print(1)"
    scene.dialogue.reply_to = lambda _text: [f"Look.\n```python\n{code}\n```\n*smiles* Fine?"]
    scene.say("write code")
    scene.wait_until(lambda: bool(scene.of(TurnEnded)))
    (shown,) = scene.of(BlockWritten)
    assert shown.block.text == code
    (ended,) = scene.of(TurnEnded)
    assert ended.heard_text == "Look. Here is the code. Fine?"
    assert ended.blocks == (shown.block,)
    scene.say("go on")
    scene.wait_until(lambda: len(scene.of(TurnEnded)) == 2)
    remembered = scene.dialogue.prompts[-1].messages[-2]
    assert remembered.text == f"{ended.heard_text}\n{code}"
