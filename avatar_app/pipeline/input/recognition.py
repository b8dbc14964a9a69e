"""Listening: an utterance is recognised while it is spoken, in segments parted by its pauses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from avatar_app.core.engines import SpeechRecognizer
from avatar_app.core.errors import AvatarError
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, Transcript
from avatar_app.pipeline.commands import Command, Recognized, StageFailed
from avatar_app.pipeline.engine_usage import EngineUsage
from avatar_app.pipeline.stage import Feed, Stage
from avatar_app.pipeline.utterance import AudioSegment, Utterance
from avatar_app.pipeline.work_tracker import WorkTracker

LONGEST_SEGMENT = 6000
"""Blocks (60 s) that may wait for the recognizer; only with push to talk there can be more."""
RECOGNIZE = "recognize"


class RecognitionStage:
    """Feeds the open segment of an utterance to the recognise stage."""

    def __init__(
        self,
        recognizer: SpeechRecognizer,
        activity: WorkTracker,
        post: Callable[[Command], None],
        clock: Callable[[], float],
        occupancy: EngineUsage,
    ) -> None:
        self.recognizer, self._occupancy = recognizer, occupancy
        self._activity, self._post, self._clock = activity, post, clock
        self._stage: Stage[Feed[AudioChunk], Transcript] = Stage(
            RECOGNIZE, self._transcribe, activity, self._recognized, self._ended, self._failed
        )
        self._open: AudioSegment | None = None

    def begin(self, utterance: Utterance, prefix_padding: Iterable[AudioChunk]) -> None:
        """Open a segment that starts with `prefix_padding`."""
        turn = Turn(utterance.id, clock=self._clock)
        feed: Feed[AudioChunk] = Feed(self._activity, LONGEST_SEGMENT, turn)
        self._open = AudioSegment(turn, feed)
        utterance.segments.append(self._open)
        for chunk in prefix_padding:
            self.hear(chunk)
        self._stage.submit(turn, feed)

    def hear(self, chunk: AudioChunk) -> None:
        """The next block; it belongs to the open segment, if there is one. It is lost where the
        recognizer takes nothing: the conductor must not wait."""
        if self._open is not None and not self._open.feed.full:
            self._open.feed.put(chunk)
            self._open.blocks += 1

    def end(self) -> None:
        """Close the open segment: its final text will come."""
        if self._open is not None:
            self._open.open = False
            self._open.feed.close()
            self._open = None

    def withdraw(self, utterance: Utterance) -> None:
        """Forget the utterance."""
        self._open = None
        for segment in utterance.segments:
            segment.turn.cancel()

    def renew(self) -> None:
        """Give up a thread whose engine does not come back."""
        self._stage.renew()

    def close(self) -> None:
        self._stage.close()

    def _transcribe(self, feed: Feed[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        with self._occupancy.of(lambda: self.recognizer) as recognizer:
            yield from recognizer.transcribe(feed, turn)

    def _recognized(self, _feed: Feed[AudioChunk], turn: Turn, transcript: Transcript) -> None:
        self._post(Recognized(turn, transcript))

    def _ended(self, feed: Feed[AudioChunk], _turn: Turn) -> None:
        feed.abandon()

    def _failed(self, feed: Feed[AudioChunk], turn: Turn, stage: str, error: AvatarError) -> None:
        feed.abandon()
        self._post(StageFailed(turn, stage, error))
