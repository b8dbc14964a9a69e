"""The avatar's turn: prepare, commit, play, interrupt and finish an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from avatar_app.core.events import (
    AnswerRepeated,
    BlockWritten,
    ClauseWritten,
    Event,
    Failed,
    Outcome,
    TurnEnded,
    UserSaid,
    UserTurnDiscarded,
    WordsPlayed,
)
from avatar_app.core.turn import Turn
from avatar_app.core.values import Block, Pictures
from avatar_app.pipeline.builtin_engines import GOES_ON
from avatar_app.pipeline.commands import BlockReceived, ClauseReceived, StageEnded, StageFailed
from avatar_app.pipeline.output.chat_context import ChatContext
from avatar_app.pipeline.output.face_stage import PERFORM, REST
from avatar_app.pipeline.output.playback import Playback, PlaybackProgress
from avatar_app.pipeline.output.presenter import Presenter
from avatar_app.pipeline.output.response_pipeline import (
    SPEAK,
    THINK,
    Prompted,
    ResponsePipeline,
)
from avatar_app.pipeline.output.unheard import is_unheard
from avatar_app.pipeline.output.wait_filler import FillerWords, WaitFiller, is_spoken
from avatar_app.pipeline.utterance import Utterance

ANSWER_PATIENCE = 60.0
"""Seconds without any activity after which an answer is given up."""


@dataclass(eq=False, slots=True)
class _Draft:
    """What the newest turn has brought so far."""

    clauses: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    failed: bool = False
    typed: bool = False
    repeated: bool = False

    def as_ended(
        self, turn: Turn, outcome: Outcome, heard: PlaybackProgress, pictures: Pictures
    ) -> TurnEnded:
        """What is kept of the turn."""
        return TurnEnded(
            turn.id,
            outcome,
            turn.user_text,
            " ".join(self.clauses),
            heard.heard_text,
            dict(turn.marks),
            self.typed,
            pictures,
            tuple(self.blocks),
            self.repeated,
            heard_seconds=max(0.0, heard.seconds - turn.aside),
        )


class AvatarTurnController:
    """Owns the turn that is being answered. Runs on the conversation thread only.

    A turn is prepared (written and drawn, not played), committed, followed while it plays, and
    ended; what was heard of it goes into the chat context and `TurnEnded`."""

    def __init__(
        self,
        responses: ResponsePipeline,
        playback: Playback,
        presenter: Presenter,
        context: ChatContext,
        post: Callable[[Event], None],
        clock: Callable[[], float],
        fillers: FillerWords | None = None,
    ) -> None:
        self.responses, self.context, self._consent = responses, context, responses.consent
        self.playback, self._presenter = playback, presenter
        self._post, self._clock = post, clock
        self._started: Turn | None = None
        self._draft = _Draft()
        self._progress = PlaybackProgress("", 0.0, over=False)
        self._working: set[str] = set()
        self._stirred_at, self._last_id, self._announced = 0.0, 0, ""
        self._wait_filler = WaitFiller(responses, fillers, post, clock)
        self.turn: Turn | None = None
        self.announcements: list[str] = []

    @property
    def avatar_speaking(self) -> bool:
        """Whether some of the current turn has been heard, but not yet all of it."""
        turn = self.turn
        return turn is not None and is_spoken(turn, self.playback.progress(turn).seconds)

    def next_id(self) -> int:
        """Return the number of a new turn."""
        self._last_id += 1
        return self._last_id

    def claim(self) -> str:
        """End the turn, as the user has the floor. Returns what the user had said before, if the
        answer to it is unheard. An announcement that was not heard is repeated later."""
        turn = self.turn
        if turn is None:
            return ""
        unheard = is_unheard(turn, self.playback)
        turn.cancel()
        if not unheard:
            self.interrupt()
            return ""
        self.turn = None
        if not (turn.user_text or self._draft.repeated):
            self.announcements.insert(0, self._announced)
        self._post(UserTurnDiscarded(turn.id))
        return turn.user_text

    def prepare(self, utterance: Utterance) -> Turn:
        """Begin the answer to an utterance that may not be over."""
        prompt = self.context.prompt(utterance.text, self.responses.engines.sound_of(utterance))
        answer = self._consent.answered(prompt, utterance)
        return self._start(utterance.id, utterance.text, answer, utterance.language)

    def commit(self, utterance: Utterance) -> None:
        """Release the prepared answer, as the user has ended."""
        turn = utterance.answer
        assert turn is not None, "only a prepared answer is committed"
        for name, at in utterance.marks.items():
            turn.mark(name, at)
        self._commit(turn, typed=False)

    def answer_typed(self, text: str, by: Prompted | None = None) -> None:
        """Answer what the user typed, at once; `by`: what a button means that stands for it."""
        self.give_way()
        answer = by or self._consent.answered(self.context.prompt(text))
        turn = self._start(self.next_id(), text, answer)
        turn.mark("end_of_turn")
        self._commit(turn, typed=True)

    def say_again(self, text: str) -> None:
        """Repeat what was said before, at once; it is no news, and remembered by nobody."""
        turn = self._start(self.next_id(), "", text)
        self._draft.repeated = True
        self._commit(turn, typed=False)

    def give_way(self) -> None:
        """End the turn; what was announced and not heard comes later."""
        if self.turn is not None and not self.turn.user_text:
            self.claim()
        self.interrupt()

    def read_ahead(self) -> None:
        """Let the dialogue engine process the beginning of its next prompt."""
        self.responses.preparation.begin(self.context.so_far())

    def interrupt(self) -> None:
        """End the turn, if one is running."""
        if self.turn is not None:
            self._end(self.turn, Outcome.INTERRUPTED)

    def clause_written(self, command: ClauseReceived) -> None:
        """Take a clause from the dialogue engine."""
        if command.turn.cancelled:
            return
        self._draft.clauses.append(command.clause)
        self._stirred_at = self._clock()
        if command.turn is self.turn:
            self._post(ClauseWritten(command.turn.id, command.clause))

    def block_written(self, command: BlockReceived) -> None:
        """Take a block to be shown from the dialogue engine."""
        if not command.turn.cancelled:
            self._draft.blocks.append(command.block)
            self._stirred_at = self._clock()
            if command.turn is self.turn:
                self._post(BlockWritten(command.turn.id, command.block))

    def follow(self, *, floor_taken: bool) -> None:
        """Called once per block: report what was heard, end what is over, start what waits."""
        self.responses.face_stage.watch()
        self._consent.watch(self._post, self._clock(), floor_taken=floor_taken)
        if self.turn is None:
            if self.announcements and not floor_taken:
                self._announced = self.announcements.pop(0)
                self._commit(self._start(self.next_id(), "", self._announced), typed=False)
            return
        self._presenter.pass_time()
        before, self._progress = self._progress, self.playback.progress(self.turn)
        self._wait_filler.watch(self.turn, self._progress.seconds, floor_taken=floor_taken)
        if self._progress.heard_text != before.heard_text:
            self._post(WordsPlayed(self.turn.id, self._progress.heard_text))
        if self._progress.over and not self._working:
            self._end(self.turn, Outcome.FAILED if self._draft.failed else Outcome.FINISHED)
        elif self._progress.seconds > before.seconds or floor_taken:
            self._stirred_at = self._clock()
        elif self._clock() - max(self._stirred_at, self.turn.stirred_at) > ANSWER_PATIENCE:
            self._give_up(self.turn)

    def stage_ended(self, command: StageEnded) -> None:
        """A turn is over when its stages are and all of it was heard; their commands must be
        processed before the sound ends."""
        if command.turn is self._started:
            self._working.discard(command.stage)

    def stage_failed(self, command: StageFailed) -> None:
        """Report it; a turn that cannot be written or spoken has failed, one without pictures, or
        with built-in engines, has not."""
        if command.turn.cancelled and not command.recovered:
            return
        if command.stage in (PERFORM, REST):
            self.responses.face_stage.fail_over()
        turn_id, error = None if command.stage == REST else command.turn.id, command.error
        hint = GOES_ON[command.stage] if command.recovered else error.hint
        self._post(Failed(turn_id, command.stage, error.message, hint, type(error)))
        self._draft.failed |= command.stage in (THINK, SPEAK) and not command.recovered

    def _start(self, id: int, user_text: str, prompt: Prompted, language: str = "") -> Turn:
        turn = Turn(id, user_text, self._clock, language)
        self._draft = _Draft()
        self._started, self._working = turn, {THINK, SPEAK}
        self._progress = PlaybackProgress("", 0.0, over=False)
        self.responses.start(turn, prompt)
        return turn

    def _commit(self, turn: Turn, *, typed: bool) -> None:
        self.turn, self._draft.typed = turn, typed
        self._stirred_at = self._clock()
        if turn.user_text:
            self._post(UserSaid(turn.id, turn.user_text, typed))
        elif self._draft.repeated:
            self._post(AnswerRepeated(turn.id))
        for clause in self._draft.clauses:
            self._post(ClauseWritten(turn.id, clause))
        for block in self._draft.blocks:
            self._post(BlockWritten(turn.id, block))
        turn.commit()
        self.playback.allow(turn)

    def _give_up(self, turn: Turn) -> None:
        stage = THINK if THINK in self._working else SPEAK
        if self.responses.go_on_again(stage, turn):
            self._stirred_at = self._clock()
            self._post(Failed(turn.id, stage, "No answer came.", GOES_ON[stage]))
            return
        for working in self._working:
            self.responses.restart(working)
        hint = "Ask again, or choose another engine in the settings."
        self._post(Failed(turn.id, stage, "No answer came.", hint))
        self._end(turn, Outcome.FAILED)

    def _end(self, turn: Turn, outcome: Outcome) -> None:
        heard = self.playback.progress(turn)
        turn.mark("ended")
        turn.cancel()
        self._consent.ended(turn, outcome, self._clock())
        self.turn = None
        pictures = self._presenter.pictures(turn)
        ended = self._draft.as_ended(turn, outcome, heard, pictures)
        self.context.add(ended)
        self._post(ended)
        self.read_ahead()
