"""The speech of one turn for faces; any face can start anywhere in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, SpeechChunk, Viseme, Word
from avatar_app.pipeline.work_tracker import TrackedCondition, WorkTracker


class SpeechTrack:
    """Grows while it is performed; nothing is removed, so another face can continue with it.

    It never makes the voice wait: playback holds a voice back that is too far ahead.
    """

    def __init__(self, activity: WorkTracker) -> None:
        self._chunks: list[SpeechChunk] = []
        self._changed = TrackedCondition(activity)
        self._ended = False

    def put(self, chunk: SpeechChunk) -> None:
        """Append speech; `chunk.audio.start` is its place on the turn's timeline."""
        with self._changed:
            self._chunks.append(chunk)
            self._changed.ring()

    def close(self) -> None:
        """Mark the speech as complete."""
        with self._changed:
            self._ended = True
            self._changed.ring()

    def reaches(self, seconds: float) -> bool:
        """Whether the speech is known until then, or to its end."""
        with self._changed:
            return self._ended or (bool(self._chunks) and _end(self._chunks[-1]) >= seconds)

    def since(self, seconds: float, part: Turn) -> Iterator[SpeechChunk]:
        """Yield the speech from `seconds` on; raises TurnCancelled as soon as `part` is
        cancelled."""
        part.when_cancelled(self._ring)
        return self._read(seconds, part)

    def _read(self, seconds: float, part: Turn) -> Iterator[SpeechChunk]:
        index = 0
        while (chunk := self._await(index, part)) is not None:
            index += 1
            rest = cut(chunk, seconds)
            if rest is chunk or len(rest.audio.samples):
                yield rest

    def _await(self, index: int, part: Turn) -> SpeechChunk | None:
        with self._changed:
            self._changed.wait_for(
                lambda: index < len(self._chunks) or self._ended or part.cancelled
            )
            part.check()
            return self._chunks[index] if index < len(self._chunks) else None

    def _ring(self) -> None:
        with self._changed:
            self._changed.ring()


def cut(chunk: SpeechChunk, seconds: float) -> SpeechChunk:
    """Return the part of `chunk` from `seconds` of the turn's timeline on."""
    audio = chunk.audio
    skipped = round(seconds * audio.rate) - audio.start
    if skipped <= 0:
        return chunk
    away = skipped / audio.rate
    words = tuple(
        Word(word.text, max(word.start - away, 0.0), word.end - away)
        for word in chunk.words
        if word.end > away
    )
    begun = [viseme for viseme in chunk.visemes if viseme.at <= away][-1:]
    coming = [viseme for viseme in chunk.visemes if viseme.at > away]
    visemes = (Viseme(viseme.shape, max(viseme.at - away, 0.0)) for viseme in begun + coming)
    return replace(
        chunk,
        audio=AudioChunk(audio.samples[skipped:], audio.rate, audio.start + skipped),
        text=" ".join(word.text for word in words),
        words=words,
        visemes=tuple(visemes),
    )


def _end(chunk: SpeechChunk) -> float:
    return chunk.audio.start / chunk.audio.rate + chunk.audio.seconds
