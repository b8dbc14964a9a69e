"""Recognizes an utterance while it is spoken, in segments separated by its pauses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from avatar_app.core.engines import SpeechRecognizer
from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, Transcript
from avatar_app.pipeline.builtin_engines import BuiltinEngines
from avatar_app.pipeline.commands import Command, Recognized, StageFailed
from avatar_app.pipeline.engine_usage import EngineUsage
from avatar_app.pipeline.stage import Feed, Stage
from avatar_app.pipeline.utterance import AudioSegment, Utterance
from avatar_app.pipeline.work_tracker import WorkTracker

LONGEST_SEGMENT = 6000
"""Blocks (60 s) that may wait for the recognizer; only with push to talk there can be more."""
MOST_SAMPLES = 18_000
"""Blocks (3 minutes) of a segment that are kept in case it must be recognized again."""
RECOGNIZE = "recognize"


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    feed: Feed[AudioChunk]
    builtin: bool = False
    """For the built-in recognizer."""


class RecognitionStage:
    """Feeds the open segment of an utterance to the recognize stage."""

    def __init__(
        self,
        recognizer: SpeechRecognizer,
        activity: WorkTracker,
        post: Callable[[Command], None],
        clock: Callable[[], float],
        engine_usage: EngineUsage,
        builtin: BuiltinEngines,
    ) -> None:
        self.recognizer, self._engine_usage, self._builtin = recognizer, engine_usage, builtin
        self._activity, self._post, self._clock = activity, post, clock
        self._stage: Stage[_Job, Transcript] = Stage(
            RECOGNIZE, self._transcribe, activity, self._recognized, self._ended, self._failed
        )
        self._open: AudioSegment | None = None

    def begin(self, utterance: Utterance, prefix_padding: Iterable[AudioChunk]) -> None:
        """Open a segment that starts with `prefix_padding`."""
        turn = Turn(utterance.speech_id, clock=self._clock)
        feed: Feed[AudioChunk] = Feed(self._activity, LONGEST_SEGMENT, turn)
        self._open = AudioSegment(turn, feed)
        utterance.segments.append(self._open)
        utterance.marks.setdefault("user_started", self._clock())
        for chunk in prefix_padding:
            self.hear(chunk)
        self._stage.submit(turn, _Job(feed))

    def hear(self, chunk: AudioChunk) -> None:
        """Add the next block to the open segment, if there is one. It is lost where the recognizer
        accepts nothing: the conversation thread must not wait."""
        segment = self._open
        if segment is None:
            return
        if len(segment.sound) < MOST_SAMPLES:
            segment.sound.append(chunk)
        if not segment.feed.full:
            segment.feed.put(chunk)

    def end(self) -> None:
        """Close the open segment; its final text follows."""
        if self._open is not None:
            self._open.open = False
            self._open.feed.close()
            self._open = None

    def withdraw(self, utterance: Utterance) -> None:
        """Drop the utterance."""
        self._open = None
        for segment in utterance.segments:
            segment.turn.cancel()

    def hear_again(self, segment: AudioSegment) -> bool:
        """Let the built-in recognizer process a segment from its beginning, instead of one that
        failed; returns False where there is none, or it did so before."""
        if segment.heard_again or not self._builtin.offers(Kind.ASR):
            return False
        segment.turn.cancel()  # its further output comes too late
        turn = Turn(segment.turn.id, clock=self._clock)
        feed: Feed[AudioChunk] = Feed(self._activity, LONGEST_SEGMENT + len(segment.sound), turn)
        for chunk in segment.sound:
            feed.put(chunk)
        if not segment.open:
            feed.close()
        segment.turn, segment.feed, segment.heard_again = turn, feed, True
        self._stage.submit(turn, _Job(feed, builtin=True))
        return True

    def restart(self) -> None:
        """Abandon a thread whose engine does not return."""
        self._stage.restart()

    def close(self) -> None:
        self._stage.close()

    def _transcribe(self, job: _Job, turn: Turn) -> Iterator[Transcript]:
        with self._engine_usage.of(self._pick(job)) as recognizer:
            yield from recognizer.transcribe(job.feed, turn)

    def _pick(self, job: _Job) -> Callable[[], SpeechRecognizer]:
        """Return the recognizer for a job. The built-in one is loaded here, not when it is picked,
        as nothing else could pick meanwhile."""
        if not job.builtin:
            return lambda: self.recognizer
        builtin: SpeechRecognizer = self._builtin.engine(Kind.ASR)
        return lambda: builtin

    def _recognized(self, _job: _Job, turn: Turn, transcript: Transcript) -> None:
        self._post(Recognized(turn, transcript))

    def _ended(self, job: _Job, _turn: Turn) -> None:
        job.feed.abandon()

    def _failed(self, job: _Job, turn: Turn, stage: str, error: AvatarError) -> None:
        job.feed.abandon()
        self._post(StageFailed(turn, stage, error))
