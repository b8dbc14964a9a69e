"""End-of-turn stage: asks a detector during pauses whether the user has finished, in a thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from avatar_app.core.engines import EndOfTurnDetector
from avatar_app.core.errors import AvatarError
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    BLOCK_SECONDS,
    END_OF_TURN_SECONDS,
    MICROPHONE_RATE,
    AudioChunk,
)
from avatar_app.pipeline.commands import Command, EndOfTurnJudged, StageFailed
from avatar_app.pipeline.engine_usage import EngineUsage
from avatar_app.pipeline.stage import Stage
from avatar_app.pipeline.work_tracker import WorkTracker

JUDGE = "judge_end"
_Sound = tuple[AudioChunk, ...]


class EndOfTurnStage:
    """Keeps the last seconds of what the user says, and asks the detector in a thread of its own.

    Its answer is a command to the conversation; one that comes after the user went on is stale.
    """

    def __init__(
        self,
        detector: EndOfTurnDetector | None,
        activity: WorkTracker,
        post: Callable[[Command], None],
        engine_usage: EngineUsage,
    ) -> None:
        """`detector`: None is asked nothing."""
        self.detector = detector
        self._post, self._engine_usage = post, engine_usage
        self._stage: Stage[_Sound, float] = Stage(
            JUDGE, self._judge, activity, self._judged, _nothing, self._failed
        )
        self._sound: deque[AudioChunk] = deque(maxlen=round(END_OF_TURN_SECONDS / BLOCK_SECONDS))
        self._question: Turn | None = None

    def begin(self, prefix_padding: Iterable[AudioChunk]) -> None:
        """The user begins to speak; `prefix_padding` is what was heard just before."""
        self.forget()
        self._sound.extend(prefix_padding)

    def hear(self, chunk: AudioChunk) -> None:
        """The next block."""
        self._sound.append(chunk)

    def ask(self) -> None:
        """The user pauses."""
        self.withdraw()
        if self.detector is not None and self._sound:
            self._question = Turn(0)
            self._stage.submit(self._question, tuple(self._sound))

    def awaits(self, question: Turn) -> bool:
        """Is the answer to this question still wanted?"""
        return question is self._question

    def withdraw(self) -> None:
        """The pause is over: nobody wants to know any more."""
        if self._question is not None:
            self._question.cancel()
            self._question = None

    def forget(self) -> None:
        """What was said so far belongs to no turn any more."""
        self.withdraw()
        self._sound.clear()

    def close(self) -> None:
        self.withdraw()
        self._stage.close()

    def _judge(self, sound: _Sound, _question: Turn) -> Iterator[float]:
        audio = AudioChunk(
            np.concatenate([chunk.samples for chunk in sound]), MICROPHONE_RATE, sound[0].start
        )
        with self._engine_usage.of(lambda: self.detector) as detector:
            if detector is not None:
                yield detector.probability(audio)

    def _judged(self, _sound: _Sound, question: Turn, probability: float) -> None:
        self._post(EndOfTurnJudged(question, probability))

    def _failed(self, _sound: _Sound, question: Turn, stage: str, error: AvatarError) -> None:
        self._post(StageFailed(question, stage, error))


def _nothing(*_: object) -> None:
    """Nobody waits for the end of a question."""
