"""A conversation: one thread makes all decisions; others send commands and receive events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from avatar_app.core.engines import (
    Dialogue,
    EchoCanceller,
    EndOfTurnDetector,
    Face,
    SpeechRecognizer,
    SpeechSynthesizer,
    VoiceDetector,
    WakeWordDetector,
)
from avatar_app.core.errors import AvatarError
from avatar_app.core.events import AudioLevels, Event, Failed, State
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, VideoFrame
from avatar_app.core.whole_text import whole_text
from avatar_app.pipeline import commands
from avatar_app.pipeline.builtin_engines import BuiltinEngines, NoBuiltinEngines
from avatar_app.pipeline.commands import Command
from avatar_app.pipeline.engine_switching import put_in
from avatar_app.pipeline.engine_usage import EngineUsage
from avatar_app.pipeline.input.audio_frontend import CANCEL, DETECT, AudioFrontend
from avatar_app.pipeline.input.end_of_turn import JUDGE, EndOfTurnStage
from avatar_app.pipeline.input.listener import Listener
from avatar_app.pipeline.input.recognition import RECOGNIZE, RecognitionStage
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions, TurnDetector
from avatar_app.pipeline.input.user_turn import UserTurnController
from avatar_app.pipeline.input.wake_word import WAKE, WakeWordGate
from avatar_app.pipeline.input.word_filter import BACKCHANNELS
from avatar_app.pipeline.output.answer_languages import AnswerLanguages, SameLanguage
from avatar_app.pipeline.output.avatar_turn import AvatarTurnController
from avatar_app.pipeline.output.backchannel import Backchannel
from avatar_app.pipeline.output.chat_context import ChatContext
from avatar_app.pipeline.output.face_stage import FaceStage
from avatar_app.pipeline.output.playback import Playback
from avatar_app.pipeline.output.presenter import Presenter
from avatar_app.pipeline.output.reply import CallTool
from avatar_app.pipeline.output.response_pipeline import ResponseEngines, ResponsePipeline
from avatar_app.pipeline.output.wait_filler import FillerWords
from avatar_app.pipeline.reactions import Expression
from avatar_app.pipeline.revisions import revise
from avatar_app.pipeline.stage import Stage
from avatar_app.pipeline.work_tracker import WorkTracker

LEVEL_EVERY = 3
"""Blocks between two `AudioLevels` events."""
QUIET_LEVEL_EVERY = 24  # while nothing happens, so that the window wakes less often
DETECTORS = (CANCEL, DETECT, JUDGE, WAKE)
TELLING = 3
"""How often the same failure of a detector or canceller is reported before it is replaced."""


@dataclass(frozen=True, slots=True)
class Engines:
    """One engine of each kind."""

    echo: EchoCanceller
    vad: VoiceDetector
    asr: SpeechRecognizer
    dialogue: Dialogue
    tts: SpeechSynthesizer
    face: Face
    fallback: Face | None = None
    """The face that takes over when `face` fails; None leaves a still picture."""
    turn: EndOfTurnDetector | None = None
    """Detects the end of turns by their sound; None: only the length of pauses counts."""
    languages: AnswerLanguages = field(default_factory=SameLanguage)
    wake: WakeWordDetector | None = None
    """Hears the avatar's name; None: it always listens."""


class Conversation:
    """Connects the user's turns (input) and the avatar's turns (output) of one conversation.

    Devices call `hear`, `playback.read` and `frame`; what the user asks for is sent as a command:
    all from any thread. Events are posted from the conversation's own.
    """

    def __init__(
        self,
        engines: Engines,
        post: Callable[[Event], None],
        call_tool: CallTool,
        clock: Callable[[], float],
        context: ChatContext | None = None,
        turn_detection: TurnDetectionOptions | None = None,
        backchannels: Iterable[str] = BACKCHANNELS,
        builtin: BuiltinEngines | None = None,
        fillers: FillerWords | None = None,
        acknowledgment: str = "",
    ) -> None:
        """`builtin`: takes over when an engine fails in a turn; None lets the turn fail."""
        builtin = builtin or NoBuiltinEngines()
        self.activity = WorkTracker()
        self.engine_usage = EngineUsage()
        self.playback = Playback(self.activity, clock)
        self.presenter = Presenter(self.playback, self.activity, clock)
        self._expression = Expression(self.presenter, post)
        self._post = post
        self._own_turn = Turn(id=0)
        self._blocks = 0
        self._closing = False
        self._report_counts: Counter[Failed] = Counter()
        self._commands: Stage[Command, None] = Stage(
            "conversation", self._execute, self.activity, _nothing, _nothing, self._broken
        )
        self._face_stage = _face_stage(self, engines, clock)
        self._responses = ResponsePipeline(
            ResponseEngines(engines.dialogue, engines.tts, engines.languages),
            self._face_stage,
            self.playback,
            self.activity,
            self.send,
            call_tool,
            self.engine_usage,
            builtin,
        )
        shown = self.playback, self.presenter, context or ChatContext(), post, clock, fillers
        self._avatar_turn = AvatarTurnController(self._responses, *shown)
        recognition = RecognitionStage(
            engines.asr, self.activity, self.send, clock, self.engine_usage, builtin
        )
        options = turn_detection or TurnDetectionOptions()
        self._detector = TurnDetector(options)
        self._user_turn = UserTurnController(
            AudioFrontend(engines.echo, engines.vad, options.prefix_padding),
            self._detector,
            recognition,
            EndOfTurnStage(engines.turn, self.activity, self.send, self.engine_usage),
            WakeWordGate(engines.wake, options.follow_up),
            Listener(Backchannel(acknowledgment, self._responses, clock), clock),
            self.playback,
            self._avatar_turn,
            post,
            clock,
            backchannels,
        )
        self._avatar_turn.read_ahead()

    @property
    def state(self) -> State:
        """Return what the avatar is doing."""
        return self._expression.state

    def send(self, command: Command) -> None:
        """Queue a command; never waits, as the window or the own thread may call it."""
        self._commands.submit(self._own_turn, command, waits=False)

    def hear(self, chunk: AudioChunk, adc_at: float) -> None:
        """Take the next 10 ms, or more while `quiet_power` allows it; waits for a late thread."""
        self._commands.submit(self._own_turn, commands.AudioReceived(chunk, adc_at))

    def quiet_power(self) -> float:
        """Mean power up to which sound may come late; 0 while each block counts."""
        return self._user_turn.frontend.quiet_power

    def frame(self) -> VideoFrame | None:
        """Return the frame to show now."""
        return self.presenter.frame()

    def next_frame_in(self) -> float:
        """Return the seconds until the frame may change; 0 where that is unknown."""
        return self.presenter.next_in()

    def close(self) -> None:
        """Stop playing and end all threads. The engines are not closed."""
        self._closing = True
        self._commands.close()
        self._user_turn.withdraw()
        self._avatar_turn.interrupt()
        self._responses.close()
        self._user_turn.recognition.close()
        self._user_turn.end_of_turn.close()
        self._user_turn.listener.backchannel.close()

    def _execute(self, command: Command, _turn: Turn) -> Iterator[None]:
        user_turn, avatar_turn = self._user_turn, self._avatar_turn
        match command:
            case commands.AudioReceived() if not self._closing:  # many may queue up
                self._hear(command)
            case commands.Recognized():
                user_turn.recognized(command.turn, command.transcript)
            case commands.EndOfTurnJudged():
                user_turn.judged(command.question, command.probability)
            case commands.ClauseReceived():
                avatar_turn.clause_written(command)
            case commands.BlockReceived():
                avatar_turn.block_written(command)
            case commands.StageEnded():
                avatar_turn.stage_ended(command)
            case commands.StageFailed() if command.stage == JUDGE:
                self._report(JUDGE, command.error)
            case commands.StageFailed():
                again = command.stage == RECOGNIZE and user_turn.unrecognized(command.turn)
                avatar_turn.stage_failed(replace(command, recovered=command.recovered or again))
            case commands.TextTyped():
                user_turn.withdraw()
                avatar_turn.answer_typed(whole_text(command.text))
            case commands.MediaAttached():
                avatar_turn.context.take(command.part, command.seen_in, avatar_turn.turn)
            case commands.Announce():
                avatar_turn.announcements.append(command.text)
            case commands.Interrupt():
                user_turn.withdraw()
                avatar_turn.interrupt()
            case commands.PushToTalk():
                user_turn.hold(held=command.held)
            case commands.Mute():
                user_turn.mute(muted=command.muted)
            case commands.Revision():
                revise(command, user_turn, avatar_turn, self._post)
            case commands.DetectTurns():
                self._detector.options = command.options
            case commands.SwitchEngine():
                self._use(command)
                command.taken()
        self._expression.show(self._user_turn, self._avatar_turn)
        return iter(())

    def _hear(self, command: commands.AudioReceived) -> None:
        user_turn, frontend = self._user_turn, self._user_turn.frontend
        played = self.playback.take_played()
        before = self._blocks
        try:
            for chunk, adc_at in commands.blocks_of(command):
                self._blocks += 1
                block = frontend.hear(chunk, adc_at, played, floor_taken=self._is_attentive)
                user_turn.hear(block, is_quiet=frontend.quiet_power > 0)
                played = []
        finally:  # typing works even if hearing fails
            self._avatar_turn.follow(floor_taken=user_turn.utterance is not None)
        every = QUIET_LEVEL_EVERY if frontend.quiet_power else LEVEL_EVERY
        if self._blocks // every != before // every:
            self._post(AudioLevels(block.level_db, block.probability, frontend.playback_db))

    @property
    def _is_attentive(self) -> bool:
        """Whether somebody has the floor, or asked for it."""
        user_turn = self._user_turn
        return (
            user_turn.utterance is not None or user_turn.held or self._avatar_turn.turn is not None
        )

    def _use(self, command: commands.SwitchEngine) -> None:
        if command.kind is Kind.FACE:
            self._face_stage.use(command.engine, command.fallback)
        else:
            put_in(command, self._responses.engines, self._user_turn)
        if command.kind is Kind.DIALOGUE:
            self._avatar_turn.read_ahead()
        self._report_counts.clear()

    def _broken(self, command: Command, _turn: Turn, stage: str, error: AvatarError) -> None:
        if isinstance(command, commands.AudioReceived):
            stage = self._user_turn.frontend.working or self._user_turn.wake.working or stage
        self._report(stage, error)

    def _report(self, stage: str, error: AvatarError) -> None:
        """A detector or canceller that fails does so a hundred times a second: it is reported until
        that is enough to replace it."""
        failed = Failed(None, stage, error.message, error.hint, type(error))
        self._report_counts[failed] += 1
        if self._report_counts[failed] <= (TELLING if stage in DETECTORS else 1):
            self._post(failed)


def _face_stage(
    conversation: Conversation, engines: Engines, clock: Callable[[], float]
) -> FaceStage:
    return FaceStage(
        engines.face,
        engines.fallback,
        conversation.playback,
        conversation.presenter,
        conversation.activity,
        conversation.send,
        clock,
        conversation.engine_usage,
    )


def _nothing(*_: object) -> None:
    """The stage of the conversation thread has no output."""
