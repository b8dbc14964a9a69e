"""The chain think → speak → perform: one call sends a turn through all three stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from avatar_app.core.engines import Dialogue, SpeechSynthesizer
from avatar_app.core.errors import AvatarError
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, SpeechChunk
from avatar_app.pipeline.commands import ClauseReceived, Command, StageEnded, StageFailed
from avatar_app.pipeline.engine_usage import EngineUsage
from avatar_app.pipeline.output.clauses import split_clauses
from avatar_app.pipeline.output.face_stage import FaceStage
from avatar_app.pipeline.output.playback import Playback
from avatar_app.pipeline.output.reply import CallTool, generate_reply
from avatar_app.pipeline.output.speech_track import SpeechTrack
from avatar_app.pipeline.stage import Feed, Stage, closed_after
from avatar_app.pipeline.work_tracker import WorkTracker

CLAUSES_AHEAD = 64

THINK, SPEAK = "think", "speak"

Out = TypeVar("Out")


@dataclass(slots=True)
class ResponseEngines:
    """The engines that answer; only the conductor exchanges them."""

    dialogue: Dialogue
    voice: SpeechSynthesizer


@dataclass(frozen=True, slots=True)
class _ResponseJob:
    """The feeds that join the stages of one turn."""

    prompt: Prompt | str
    """A text is spoken as it stands."""
    clauses: Feed[str]
    script: SpeechTrack


class ResponsePipeline:
    """Two stages and the engines they apply, which may be exchanged between two turns; what they
    say is performed."""

    def __init__(
        self,
        engines: ResponseEngines,
        performing: FaceStage,
        playback: Playback,
        activity: WorkTracker,
        post: Callable[[Command], None],
        call_tool: CallTool,
        occupancy: EngineUsage,
    ) -> None:
        self.engines, self._occupancy = engines, occupancy
        self.performing, self._playback = performing, playback
        self._activity, self._post, self._call_tool = activity, post, call_tool
        self._stages = {
            stage.name: stage
            for stage in (
                self._stage(THINK, self._reply, self._written, self._all_written),
                self._stage(SPEAK, self._voice, self._spoken, self._all_spoken),
            )
        }

    def start(self, turn: Turn, prompt: Prompt | str) -> None:
        """Think, speak and perform the answer to `prompt`; a text is spoken as it stands."""
        self._playback.expect(turn)
        clauses: Feed[str] = Feed(self._activity, CLAUSES_AHEAD, turn)
        job = _ResponseJob(prompt, clauses, self.performing.start(turn))
        for stage in self._stages.values():
            stage.submit(turn, job)

    def renew(self, stage: str) -> None:
        """Give up a thread whose engine does not come back."""
        self._stages[stage].renew()

    def close(self) -> None:
        """End the threads; the turn must be cancelled."""
        self.performing.close()
        for stage in self._stages.values():
            stage.close()

    def _stage(
        self,
        name: str,
        apply: Callable[[_ResponseJob, Turn], Iterator[Out]],
        emit: Callable[[_ResponseJob, Turn, Out], None],
        ended: Callable[[_ResponseJob, Turn], None],
    ) -> Stage[_ResponseJob, Out]:
        return Stage(name, apply, self._activity, emit, ended, self._failed)

    # think

    def _reply(self, job: _ResponseJob, turn: Turn) -> Iterator[str]:
        if isinstance(job.prompt, str):
            yield from split_clauses([job.prompt])
            return
        with self._occupancy.of(lambda: self.engines.dialogue) as dialogue:
            yield from generate_reply(
                dialogue, job.prompt, turn, self._call_tool, self._wait_committed
            )

    def _wait_committed(self, turn: Turn) -> None:
        with self._activity.waiting():
            turn.wait_committed()

    def _written(self, job: _ResponseJob, turn: Turn, clause: str) -> None:
        turn.mark("first_clause")
        self._post(ClauseReceived(turn, clause))
        job.clauses.put(clause)

    def _all_written(self, job: _ResponseJob, turn: Turn) -> None:
        self._post(StageEnded(turn, THINK))
        job.clauses.close()

    # speak

    def _voice(self, job: _ResponseJob, turn: Turn) -> Iterator[SpeechChunk]:
        start = 0
        for clause in job.clauses:
            with (
                self._occupancy.of(lambda: self.engines.voice) as voice,
                closed_after(voice.speak(clause, turn)) as speech,
            ):
                for chunk in speech:
                    audio = AudioChunk(chunk.audio.samples, chunk.audio.rate, start)
                    start += len(audio.samples)
                    yield replace(chunk, audio=audio)

    def _spoken(self, job: _ResponseJob, turn: Turn, chunk: SpeechChunk) -> None:
        turn.mark("first_speech")
        self._playback.put(turn, chunk)
        job.script.put(chunk)

    def _all_spoken(self, job: _ResponseJob, turn: Turn) -> None:
        self._playback.finish(turn)
        job.script.close()
        self._post(StageEnded(turn, SPEAK))

    def _failed(self, job: _ResponseJob, turn: Turn, stage: str, error: AvatarError) -> None:
        """What was said so far is still heard; the stages after the one that failed end."""
        self._post(StageFailed(turn, stage, error))
        if stage == THINK:
            self._all_written(job, turn)
        if stage == SPEAK:
            job.clauses.abandon()
            self._all_spoken(job, turn)
