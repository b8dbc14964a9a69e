"""The timeline of one turn's speech, and the unsaid text if a voice fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from avatar_app.core.emotions import without_emotions
from avatar_app.core.values import AudioChunk, Mood, SpeechChunk
from avatar_app.pipeline.output.moods import MoodTrack


class SpeechTimeline:
    """Owned by the speak stage. Voices may take turns, each with its own rate."""

    def __init__(self) -> None:
        self._clause: list[str] = []
        self._said = 0
        self._start, self._rate = 0, 0
        self._moods, self._mood = MoodTrack(), Mood.NEUTRAL
        self.aside = ""
        """A clause that is said, and not of the answer."""

    def unsaid(self, clauses: Iterable[str | SpeechChunk]) -> Iterator[str | SpeechChunk]:
        """Yield the rest of the current clause, and then the next ones, and speech."""
        if rest := " ".join(self._clause[self._said :]):
            yield rest
        for clause in clauses:
            text = clause.text if isinstance(clause, SpeechChunk) else without_emotions(clause)
            self._clause, self._said = text.split(), 0
            self._mood = self._moods.next(text if isinstance(clause, SpeechChunk) else clause)
            yield clause
            self.aside = ""
            self._clause = []

    def placed(self, chunk: SpeechChunk) -> SpeechChunk:
        """Return the chunk placed after all previous ones."""
        audio = chunk.audio
        if self._rate and audio.rate != self._rate:
            self._start = round(self._start * audio.rate / self._rate)
        self._rate, start = audio.rate, self._start
        self._start += len(audio.samples)
        self._said += len(chunk.text.split())
        placed = replace(chunk, audio=AudioChunk(audio.samples, audio.rate, start), mood=self._mood)
        return replace(placed, text="", words=()) if self.aside else placed
