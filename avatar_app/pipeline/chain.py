"""The chain think → speak → perform: one call sends a turn through all three stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from avatar_app.core.engines import Dialogue, Face, Voice
from avatar_app.core.errors import AvatarError
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, SpeechChunk, VideoFrame
from avatar_app.pipeline.activity import Activity
from avatar_app.pipeline.answering import CallTool, answer
from avatar_app.pipeline.clauses import split_clauses
from avatar_app.pipeline.orders import ClauseWritten, Order, StageEnded, StageFailed
from avatar_app.pipeline.playback import Playback
from avatar_app.pipeline.presenter import Presenter
from avatar_app.pipeline.stage import Feed, Stage

CLAUSES_AHEAD = 64
SPEECH_AHEAD = 512
"""Chunks; the face is the slowest stage, and speech must never wait for it."""

THINK, SPEAK, PERFORM, REST = "think", "speak", "perform", "rest"

Out = TypeVar("Out")


@dataclass(slots=True)
class Performers:
    """The engines that answer; only the conductor exchanges them."""

    dialogue: Dialogue
    voice: Voice
    face: Face


@dataclass(frozen=True, slots=True)
class _Answer:
    """The feeds that join the stages of one turn."""

    prompt: Prompt | str
    """A text is spoken as it stands."""
    clauses: Feed[str]
    speech: Feed[SpeechChunk]


class Chain:
    """Three stages and the engines they apply; an engine may be exchanged between two turns.

    A fourth stage draws the face at rest, for ever: its only job ends when the chain is closed.
    """

    def __init__(
        self,
        engines: Performers,
        playback: Playback,
        presenter: Presenter,
        activity: Activity,
        post: Callable[[Order], None],
        call_tool: CallTool,
    ) -> None:
        self.engines = engines
        self._playback, self._presenter = playback, presenter
        self._activity, self._post, self._call_tool = activity, post, call_tool
        self._stages = {
            stage.name: stage
            for stage in (
                self._stage(THINK, self._reply, self._written, self._all_written),
                self._stage(SPEAK, self._voice, self._spoken, self._all_spoken),
                self._stage(PERFORM, self._act, self._performed, _nothing),
            )
        }
        self._resting = Turn(id=0)
        self._rest: Stage[None, tuple[int, VideoFrame]] = Stage(
            REST, self._draw_rest, activity, self._rested, _nothing, self._failed_rest
        )
        self.use_face(engines.face)

    def start(self, turn: Turn, prompt: Prompt | str) -> None:
        """Think, speak and perform the answer to `prompt`; a text is spoken as it stands."""
        self._playback.expect(turn)
        self._presenter.expect(turn)
        job = _Answer(
            prompt,
            Feed(self._activity, CLAUSES_AHEAD, turn),
            Feed(self._activity, SPEECH_AHEAD, turn),
        )
        for stage in self._stages.values():
            stage.submit(turn, job)

    def use_face(self, face: Face) -> None:
        """Show `face` from now on."""
        self.engines.face = face
        self._presenter.fps = face.fps
        self._resting.cancel()
        self._resting = Turn(id=0)
        self._rest.submit(self._resting, None)
        self._presenter.forget_resting()

    def renew(self, stage: str) -> None:
        """Give up a thread whose engine does not come back."""
        self._stages[stage].renew()

    def close(self) -> None:
        """End the threads; the turn must be cancelled."""
        self._resting.cancel()
        self._presenter.close()
        for stage in (*self._stages.values(), self._rest):
            stage.close()

    def _stage(
        self,
        name: str,
        apply: Callable[[_Answer, Turn], Iterator[Out]],
        emit: Callable[[_Answer, Turn, Out], None],
        ended: Callable[[_Answer, Turn], None],
    ) -> Stage[_Answer, Out]:
        return Stage(name, apply, self._activity, emit, ended, self._failed)

    # think

    def _reply(self, job: _Answer, turn: Turn) -> Iterator[str]:
        if isinstance(job.prompt, str):
            return split_clauses([job.prompt])
        dialogue = self.engines.dialogue
        return answer(dialogue, job.prompt, turn, self._call_tool, self._wait_committed)

    def _wait_committed(self, turn: Turn) -> None:
        with self._activity.waiting():
            turn.wait_committed()

    def _written(self, job: _Answer, turn: Turn, clause: str) -> None:
        turn.mark("first_clause")
        self._post(ClauseWritten(turn, clause))
        job.clauses.put(clause)

    def _all_written(self, job: _Answer, turn: Turn) -> None:
        self._post(StageEnded(turn, THINK))
        job.clauses.close()

    # speak

    def _voice(self, job: _Answer, turn: Turn) -> Iterator[SpeechChunk]:
        start = 0
        for clause in job.clauses:
            for chunk in self.engines.voice.speak(clause, turn):
                audio = AudioChunk(chunk.audio.samples, chunk.audio.rate, start)
                start += len(audio.samples)
                yield replace(chunk, audio=audio)

    def _spoken(self, job: _Answer, turn: Turn, chunk: SpeechChunk) -> None:
        turn.mark("first_speech")
        self._playback.put(turn, chunk)
        job.speech.put(chunk)

    def _all_spoken(self, job: _Answer, turn: Turn) -> None:
        self._playback.finish(turn)
        job.speech.close()
        self._post(StageEnded(turn, SPEAK))

    # perform and rest

    def _act(self, job: _Answer, turn: Turn) -> Iterator[VideoFrame]:
        return self.engines.face.perform(job.speech, turn, self._presenter.shown)

    def _performed(self, _job: _Answer, turn: Turn, frame: VideoFrame) -> None:
        self._presenter.put(turn, frame)

    def _draw_rest(self, _job: None, _turn: Turn) -> Iterator[tuple[int, VideoFrame]]:
        face = self.engines.face
        while (wanted := self._presenter.wait_for_rest()) is not None:
            generation, look, after = wanted
            yield generation, face.rest(look, after)

    def _rested(self, _job: None, _turn: Turn, drawn: tuple[int, VideoFrame]) -> None:
        self._presenter.put_resting(*drawn)

    def _failed_rest(self, _job: None, turn: Turn, stage: str, error: AvatarError) -> None:
        self._post(StageFailed(turn, stage, error))

    def _failed(self, job: _Answer, turn: Turn, stage: str, error: AvatarError) -> None:
        """What was said so far is still heard; the stages after the one that failed end."""
        self._post(StageFailed(turn, stage, error))
        if stage == THINK:
            self._all_written(job, turn)
        if stage == SPEAK:
            job.clauses.abandon()
            self._all_spoken(job, turn)
        if stage == PERFORM:
            job.speech.abandon()
            self._playback.picture_ready(turn)


def _nothing(_job: Any, _turn: Turn) -> None:
    """Nobody waits for the end of this stage."""
