"""The conductor: one thread that makes all decisions; others post commands and receive events."""

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
)
from avatar_app.core.errors import AvatarError
from avatar_app.core.events import AudioLevels, Event, Failed, State, StateChanged
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, FaceState, VideoFrame
from avatar_app.pipeline import commands
from avatar_app.pipeline.builtin_engines import BuiltinEngines, NoBuiltinEngines
from avatar_app.pipeline.commands import Command
from avatar_app.pipeline.engine_switching import put_in
from avatar_app.pipeline.engine_usage import EngineUsage
from avatar_app.pipeline.input.audio_frontend import CANCEL, DETECT, AudioFrontend
from avatar_app.pipeline.input.end_of_turn import JUDGE, EndOfTurnStage
from avatar_app.pipeline.input.recognition import RECOGNIZE, RecognitionStage
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions, TurnDetector
from avatar_app.pipeline.input.user_turn import UserTurnController
from avatar_app.pipeline.input.word_filter import BACKCHANNELS
from avatar_app.pipeline.output.answer_languages import AnswerLanguages, SameLanguage
from avatar_app.pipeline.output.avatar_turn import AvatarTurnController
from avatar_app.pipeline.output.chat_context import ChatContext
from avatar_app.pipeline.output.face_stage import FaceStage
from avatar_app.pipeline.output.playback import Playback
from avatar_app.pipeline.output.presenter import Presenter
from avatar_app.pipeline.output.reply import CallTool
from avatar_app.pipeline.output.response_pipeline import ResponseEngines, ResponsePipeline
from avatar_app.pipeline.output.wait_filler import FillerWords
from avatar_app.pipeline.revisions import revise
from avatar_app.pipeline.stage import Stage
from avatar_app.pipeline.work_tracker import WorkTracker

LEVEL_EVERY = 3
"""Blocks between two `AudioLevels` events."""
QUIET_LEVEL_EVERY = 24  # while nothing happens, so that the window wakes less often
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


class Conversation:
    """Connects the user's turns (input) and the avatar's turns (output) of one conversation.

    Devices call `hear`, `playback.read` and `frame`; everything the user asks is an `order`: from
    any thread. Events are posted from the conversation's own.
    """

    def __init__(
        self,
        engines: Engines,
        post: Callable[[Event], None],
        call_tool: CallTool,
        clock: Callable[[], float],
        ledger: ChatContext | None = None,
        turn_detection: TurnDetectionOptions | None = None,
        backchannels: Iterable[str] = BACKCHANNELS,
        builtin: BuiltinEngines | None = None,
        fillers: FillerWords | None = None,
    ) -> None:
        """`builtin`: takes over when an engine fails in a turn; None lets the turn fail."""
        builtin = builtin or NoBuiltinEngines()
        self.activity = WorkTracker()
        self.occupancy = EngineUsage()
        self.playback = Playback(self.activity, clock)
        self.presenter = Presenter(self.playback, self.activity, clock)
        self.state = State.IDLE
        self._post = post
        self._conducting = Turn(id=0)
        self._blocks = 0
        self._reported: Counter[Failed] = Counter()
        self._closing = False
        self._orders: Stage[Command, None] = Stage(
            "conductor", self._obey, self.activity, _nothing, _nothing, self._broken
        )
        self._performing = _face_stage(self, engines, clock)
        self._chain = ResponsePipeline(
            ResponseEngines(engines.dialogue, engines.tts, engines.languages),
            self._performing,
            self.playback,
            self.activity,
            self.order,
            call_tool,
            self.occupancy,
            builtin,
        )
        rest = (ledger or ChatContext(), post, clock, fillers)
        self._delivery = AvatarTurnController(self._chain, self.playback, self.presenter, *rest)
        recognition = RecognitionStage(
            engines.asr, self.activity, self.order, clock, self.occupancy, builtin
        )
        options = turn_detection or TurnDetectionOptions()
        self._detector = TurnDetector(options)
        self._attention = UserTurnController(
            AudioFrontend(engines.echo, engines.vad, options.prefix_padding),
            self._detector,
            recognition,
            EndOfTurnStage(engines.turn, self.activity, self.order, self.occupancy),
            self.playback,
            self._delivery,
            post,
            clock,
            backchannels,
        )
        self._delivery.read_ahead()

    def order(self, order: Command) -> None:
        """Post a command to the conductor; never waits: the window or the conductor may ask."""
        self._orders.submit(self._conducting, order, waits=False)

    def hear(self, chunk: AudioChunk, adc_at: float) -> None:
        """Take the next 10 ms, or more while `quiet_power` allows it; waits for a late thread."""
        self._orders.submit(self._conducting, commands.AudioReceived(chunk, adc_at))

    def quiet_power(self) -> float:
        """Mean power up to which sound may come late; 0 while each block counts."""
        return self._attention.hearing.quiet_power

    def frame(self) -> VideoFrame | None:
        """Return the frame to show now."""
        return self.presenter.frame()

    def next_frame_in(self) -> float:
        """Return the seconds until the frame may change; 0 where that is unknown."""
        return self.presenter.next_in()

    def close(self) -> None:
        """Stop playing and end all threads. The engines are not closed."""
        self._closing = True
        self._orders.close()
        self._attention.withdraw()
        self._delivery.interrupt()
        self._chain.close()
        self._attention.listener.close()
        self._attention.ending.close()

    def _obey(self, order: Command, _turn: Turn) -> Iterator[None]:
        attention, delivery = self._attention, self._delivery
        match order:
            case commands.AudioReceived() if not self._closing:  # many may queue up
                self._hear(order)
            case commands.Recognized():
                attention.recognized(order.turn, order.transcript)
            case commands.EndOfTurnJudged():
                attention.judged(order.question, order.probability)
            case commands.ClauseReceived():
                delivery.clause_written(order)
            case commands.BlockReceived():
                delivery.block_written(order)
            case commands.StageEnded():
                delivery.stage_ended(order)
            case commands.StageFailed() if order.stage == JUDGE:
                self._tell(JUDGE, order.error)
            case commands.StageFailed():
                heard_again = order.stage == RECOGNIZE and attention.unrecognized(order.turn)
                delivery.stage_failed(replace(order, recovered=order.recovered or heard_again))
            case commands.TextTyped():
                attention.withdraw()
                delivery.answer_typed(order.text)
            case commands.MediaAttached():
                delivery.ledger.attach(order.part)
            case commands.Announce():
                delivery.announcements.append(order.text)
            case commands.Interrupt():
                attention.withdraw()
                delivery.interrupt()
            case commands.PushToTalk():
                attention.hold(held=order.held)
            case commands.Mute():
                attention.mute(muted=order.muted)
            case commands.Revision():
                revise(order, attention, delivery, self._post)
            case commands.DetectTurns():
                self._detector.options = order.options
            case commands.SwitchEngine():
                self._use(order)
                order.taken()
        self._express()
        return iter(())

    def _hear(self, order: commands.AudioReceived) -> None:
        attention, hearing = self._attention, self._attention.hearing
        played = self.playback.take_played()
        before = self._blocks
        try:
            for chunk, adc_at in commands.blocks_of(order):
                self._blocks += 1
                block = hearing.hear(chunk, adc_at, played, floor_taken=self._is_attentive)
                attention.hear(block)
                played = []
        finally:  # typing works even if hearing fails
            self._delivery.follow(floor_taken=attention.utterance is not None)
        every = QUIET_LEVEL_EVERY if hearing.quiet_power else LEVEL_EVERY
        if self._blocks // every != before // every:
            self._post(AudioLevels(block.level_db, block.probability, hearing.playback_db))

    @property
    def _is_attentive(self) -> bool:
        """Whether somebody has the floor, or asked for it."""
        attention = self._attention
        return attention.utterance is not None or attention.held or self._delivery.turn is not None

    def _use(self, order: commands.SwitchEngine) -> None:
        if order.kind is Kind.FACE:
            self._performing.use(order.engine, order.fallback)
        else:
            put_in(order, self._chain.engines, self._attention)
        if order.kind is Kind.DIALOGUE:
            self._delivery.read_ahead()
        self._reported.clear()

    def _express(self) -> None:
        """Post and show the avatar's state."""
        state = _state(self._attention, self._delivery)
        self.presenter.look = _look(state, self._attention)
        if state is not self.state:
            self.state = state
            self._post(StateChanged(state))

    def _broken(self, order: Command, _turn: Turn, stage: str, error: AvatarError) -> None:
        if isinstance(order, commands.AudioReceived):
            stage = self._attention.hearing.working or stage
        self._tell(stage, error)

    def _tell(self, stage: str, error: AvatarError) -> None:
        """A detector or canceller that fails does so a hundred times a second: it is reported until
        that is enough to replace it."""
        failed = Failed(None, stage, error.message, error.hint, type(error))
        self._reported[failed] += 1
        if self._reported[failed] <= (TELLING if stage in (CANCEL, DETECT, JUDGE) else 1):
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
        conversation.order,
        clock,
        conversation.occupancy,
    )


def _state(attention: UserTurnController, delivery: AvatarTurnController) -> State:
    if attention.utterance is not None:
        return State.LISTENING
    if delivery.turn is None:
        return State.IDLE
    return State.SPEAKING if delivery.avatar_speaking else State.THINKING


def _look(state: State, attention: UserTurnController) -> FaceState:
    if state is State.IDLE and attention.muted:
        return FaceState.ASLEEP
    if state is State.LISTENING and attention.paused:
        return FaceState.NODDING
    return FaceState[state.name]


def _nothing(*_: object) -> None:
    """The conductor's stage has no output."""
