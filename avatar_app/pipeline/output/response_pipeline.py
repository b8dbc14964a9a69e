"""The response pipeline: think → speak → perform; one call sends a turn through all stages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from avatar_app.core.emotions import without_emotions
from avatar_app.core.engines import Dialogue, HearsWords, SpeechSynthesizer
from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import PicturePart, Prompt, SoundPart
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import Block, SpeechChunk
from avatar_app.pipeline.builtin_engines import BuiltinEngines
from avatar_app.pipeline.commands import (
    BlockReceived,
    ClauseReceived,
    Command,
    MediaAttached,
    StageEnded,
    StageFailed,
)
from avatar_app.pipeline.engine_usage import EngineUsage
from avatar_app.pipeline.output.answer_languages import AnswerLanguages, SameLanguage
from avatar_app.pipeline.output.clauses import split_clauses
from avatar_app.pipeline.output.consent import ConsentAnswer, ConsentGate
from avatar_app.pipeline.output.face_stage import FaceStage
from avatar_app.pipeline.output.playback import Playback
from avatar_app.pipeline.output.prompt_preparation import PromptPreparation
from avatar_app.pipeline.output.reply import TOOL_CALLED, CallTool, ReplyHandlers, generate_reply
from avatar_app.pipeline.output.speech_timeline import SpeechTimeline
from avatar_app.pipeline.output.speech_track import SpeechTrack
from avatar_app.pipeline.output.spoken_words import as_wave
from avatar_app.pipeline.stage import Feed, Stage, closed_after
from avatar_app.pipeline.utterance import Utterance
from avatar_app.pipeline.work_tracker import WorkTracker

CLAUSES_AHEAD = 64
FIRST_CLAUSE = "first_clause"
"""The mark of a turn whose first clause was written."""

THINK, SPEAK = "think", "speak"
_KINDS = {THINK: Kind.DIALOGUE, SPEAK: Kind.TTS}

Out = TypeVar("Out")
Prompted = Prompt | str | ConsentAnswer


@dataclass(slots=True)
class ResponseEngines:
    """The engines that answer; only the conversation thread exchanges them."""

    dialogue: Dialogue
    voice: SpeechSynthesizer
    languages: AnswerLanguages = field(default_factory=SameLanguage)

    @property
    def hears(self) -> bool:
        """Whether the dialogue engine is given the user's words as sound."""
        return isinstance(self.dialogue, HearsWords) and self.dialogue.hears

    def sound_of(self, utterance: Utterance) -> SoundPart | None:
        """Return the sound of an utterance, if the dialogue engine hears it and it was kept."""
        return as_wave(utterance.sound) if self.hears and utterance.sound else None


@dataclass(frozen=True, slots=True, eq=False)
class _ResponseJob:
    """The feeds that connect the stages of one turn."""

    prompt: Prompted
    """A prompt to answer, a text to speak as it is, or what a request for consent comes to."""
    clauses: Feed[str | SpeechChunk]
    script: SpeechTrack
    timeline: SpeechTimeline
    builtin: bool = False
    """Use the built-in engine, as the other one failed."""


class ResponsePipeline:
    """Two stages and their engines, which may be exchanged between two turns; the output is passed
    to the face stage."""

    def __init__(
        self,
        engines: ResponseEngines,
        face_stage: FaceStage,
        playback: Playback,
        activity: WorkTracker,
        post: Callable[[Command], None],
        call_tool: CallTool,
        engine_usage: EngineUsage,
        builtin: BuiltinEngines,
    ) -> None:
        self.engines, self.engine_usage, self._builtin = engines, engine_usage, builtin
        self._exchanging = threading.Lock()
        self._jobs: dict[str, tuple[Turn, _ResponseJob]] = {}
        self.face_stage, self.playback, self.consent = face_stage, playback, ConsentGate()
        self.activity, self.post, self._handlers = activity, post, _handlers(self, call_tool)
        self.preparation = PromptPreparation(lambda: self.engines.dialogue, activity, engine_usage)
        self._stages = {
            stage.name: stage
            for stage in (
                self._stage(THINK, self._reply, self._written, self._all_written),
                self._stage(SPEAK, self._voice, self._spoken, self._all_spoken),
            )
        }

    def start(self, turn: Turn, prompt: Prompted) -> None:
        """Think, speak and perform the answer to `prompt`; a text is spoken as it is."""
        self.preparation.stop()
        self.playback.expect(turn)
        clauses: Feed[str | SpeechChunk] = Feed(self.activity, CLAUSES_AHEAD, turn)
        job = _ResponseJob(prompt, clauses, self.face_stage.start(turn), SpeechTimeline())
        for name, stage in self._stages.items():
            with self._exchanging:
                self._jobs[name] = turn, job
            stage.submit(turn, job)

    def fill_wait(self, turn: Turn, text: str) -> bool:
        """Say `text` before the answer, which it is not part of. Returns False where the answer has
        begun already."""
        with self._exchanging:
            of_turn, job = self._jobs[THINK]
            if of_turn is not turn or FIRST_CLAUSE in turn.marks or turn.cancelled:
                return False
            job.timeline.aside = text
            job.clauses.put(text)
        return True

    def go_on_again(self, stage: str, turn: Turn) -> bool:
        """Give up an engine that does not return, and let the built-in one finish its work. Returns
        False where there is none, or where something would be said or done twice."""
        with self._exchanging:
            of_turn, job = self._jobs[stage]
        other = self._taken_over(stage, turn, job) if of_turn is turn else None
        if other is None:
            return False
        self._stages[stage].restart()
        self._stages[stage].submit(turn, other)
        return True

    def restart(self, stage: str) -> None:
        """Abandon a thread whose engine does not return."""
        self._stages[stage].restart()

    def close(self) -> None:
        """End the threads; the turn must be cancelled."""
        self.face_stage.close()
        self.preparation.close()
        for stage in self._stages.values():
            stage.close()

    def _stage(
        self,
        name: str,
        apply: Callable[[_ResponseJob, Turn], Iterator[Out]],
        emit: Callable[[_ResponseJob, Turn, Out], None],
        ended: Callable[[_ResponseJob, Turn], None],
    ) -> Stage[_ResponseJob, Out]:
        return Stage(name, apply, self.activity, emit, ended, self._failed)

    def _taken_over(self, stage: str, turn: Turn, job: _ResponseJob) -> _ResponseJob | None:
        """Return the job for the built-in engine, if it can take over. Returned once: the engine's
        thread and its watcher may notice a failure at the same moment."""
        begun = FIRST_CLAUSE in turn.marks or TOOL_CALLED in turn.marks
        if stage == THINK and (begun or isinstance(job.prompt, str)):
            return None
        if turn.cancelled or job.builtin or not self._builtin.offers(_KINDS[stage]):
            return None
        other = replace(job, builtin=True)
        with self._exchanging:
            if not self._is_current(stage, job):
                return None
            self._jobs[stage] = turn, other
        return other

    def _is_current(self, stage: str, job: _ResponseJob) -> bool:
        return self._jobs[stage][1] is job

    def _check_current(self, stage: str, job: _ResponseJob) -> None:
        """Stop an engine that was given up but returned after all."""
        if not self._is_current(stage, job):
            raise TurnCancelled

    def _pick(self, stage: str, job: _ResponseJob, language: str = "") -> Callable[[], Any]:
        """Return the engine for a job. The built-in one, and the voice of a language, are loaded
        here, not when they are picked, as nothing else could pick meanwhile."""
        if job.builtin:
            builtin = self._builtin.engine(_KINDS[stage])
            return lambda: builtin
        if stage == THINK:
            return lambda: self.engines.dialogue
        other = self.engines.languages.voice(language)
        return lambda: other or self.engines.voice

    # think

    def _reply(self, job: _ResponseJob, turn: Turn) -> Iterator[str | Block | SpeechChunk]:
        prompt, handlers = job.prompt, self._handlers
        if isinstance(prompt, ConsentAnswer):
            prompt = prompt.carried_out(turn, handlers)
        if isinstance(prompt, str):
            yield from split_clauses([prompt])
            return
        prompt = self.engines.languages.asked(prompt, turn.language)
        with self.engine_usage.of(self._pick(THINK, job)) as dialogue:
            yield from generate_reply(dialogue, prompt, turn, handlers)

    def _written(self, job: _ResponseJob, turn: Turn, clause: str | Block | SpeechChunk) -> None:
        self._check_current(THINK, job)
        if isinstance(clause, Block):
            self.post(BlockReceived(turn, clause))
            return
        with self._exchanging:  # or what fills the wait would come after it
            turn.mark(FIRST_CLAUSE)
        text = clause.text if isinstance(clause, SpeechChunk) else without_emotions(clause)
        if text:
            self.post(ClauseReceived(turn, text))
        job.clauses.put(clause)

    def _all_written(self, job: _ResponseJob, turn: Turn) -> None:
        self._check_current(THINK, job)
        self._end_writing(job, turn)

    def _end_writing(self, job: _ResponseJob, turn: Turn) -> None:
        self.post(StageEnded(turn, THINK))
        job.clauses.close()

    # speak

    def _voice(self, job: _ResponseJob, turn: Turn) -> Iterator[SpeechChunk]:
        for clause in job.timeline.unsaid(job.clauses):
            if isinstance(clause, SpeechChunk):
                yield clause
                continue
            with (
                self.engine_usage.of(self._pick(SPEAK, job, turn.language)) as voice,
                closed_after(voice.speak(clause, turn)) as speech,
            ):
                yield from speech

    def _spoken(self, job: _ResponseJob, turn: Turn, chunk: SpeechChunk) -> None:
        self._check_current(SPEAK, job)
        placed = job.timeline.placed(chunk)
        if job.timeline.aside:
            turn.aside += chunk.audio.seconds
        else:
            turn.mark("first_speech")
        self.playback.put(turn, placed)
        job.script.put(placed)

    def _all_spoken(self, job: _ResponseJob, turn: Turn) -> None:
        self._check_current(SPEAK, job)
        self._end_speaking(job, turn)

    def _end_speaking(self, job: _ResponseJob, turn: Turn) -> None:
        self.playback.finish(turn)
        job.script.close()
        self.post(StageEnded(turn, SPEAK))

    def _failed(self, job: _ResponseJob, turn: Turn, stage: str, error: AvatarError) -> None:
        """Continue with the built-in engine. Without one, what was said so far is still heard; the
        stages after the one that failed end."""
        if not self._is_current(stage, job):
            return  # it was given up before
        other = self._taken_over(stage, turn, job)
        self.post(StageFailed(turn, stage, error, recovered=other is not None))
        if other is not None:
            self._stages[stage].submit(turn, other)
        elif stage == THINK:
            self._end_writing(job, turn)
        elif stage == SPEAK:
            job.clauses.abandon()
            self._end_speaking(job, turn)


def _handlers(pipeline: ResponsePipeline, call_tool: CallTool) -> ReplyHandlers:
    """Return what replies need of a pipeline."""

    def wait_committed(turn: Turn) -> None:
        with pipeline.activity.waiting():
            turn.wait_committed()

    def show(turn: Turn, picture: PicturePart) -> None:
        pipeline.post(MediaAttached(picture, seen_in=turn))

    return ReplyHandlers(call_tool, wait_committed, pipeline.consent.ask, show)
