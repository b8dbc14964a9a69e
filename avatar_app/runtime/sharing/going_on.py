"""What a replica had begun when it died is ended by another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

from avatar_app.core.engines import Reply
from avatar_app.core.errors import EngineDied
from avatar_app.core.values import AudioChunk, SpeechChunk, ToolResult

TRIES = 2
"""Replicas that may take a text; one that kills two of them is the cause."""


class Replay:
    """A sound that is being heard, which can be heard once more from its beginning."""

    def __init__(self, audio: Iterator[AudioChunk]) -> None:
        self._audio = audio
        self._blocks: list[AudioChunk] = []

    def __iter__(self) -> Iterator[AudioChunk]:
        yield from self._blocks
        for block in self._audio:
            self._blocks.append(block)
            yield block


class ReplyWatch:
    """Whether an answer has begun, which no other dialogue could end in the same words."""

    def __init__(self) -> None:
        self.begun = False

    def noting(self, reply: Reply) -> Reply:
        """Yield the reply, and note its first words or function."""
        result: ToolResult | None = None
        with closing(reply):
            while True:
                try:
                    output = reply.send(result)
                except StopIteration:
                    return
                self.begun = self.begun or bool(output)
                result = yield output


def speech_to_end(speak: Callable[[], Iterator[SpeechChunk]]) -> Iterator[SpeechChunk]:
    """Yield the speech of a text. If the voice that `speak` takes dies, the next one says the same,
    of which only what was not said before is passed on."""
    said = 0
    for tried in range(1, TRIES + 1):
        skipped = 0
        try:
            for chunk in speak():
                count = len(chunk.audio.samples)
                if skipped + count <= said and said:
                    skipped += count
                    continue
                rest = _after(chunk, said - skipped) if skipped < said else chunk
                skipped += count
                said = skipped
                yield rest
            return
        except EngineDied:
            if tried == TRIES:
                raise


def _after(chunk: SpeechChunk, samples: int) -> SpeechChunk:
    """Return what follows on so many samples of a chunk, with the words that end there."""
    rate = chunk.audio.rate
    begin = samples / rate
    words = tuple(
        replace(word, start=max(0.0, word.start - begin), end=word.end - begin)
        for word in chunk.words
        if word.end > begin
    )
    visemes = tuple(
        replace(viseme, at=viseme.at - begin) for viseme in chunk.visemes if viseme.at >= begin
    )
    text = " ".join(word.text for word in words) if chunk.words else ""
    return SpeechChunk(AudioChunk(chunk.audio.samples[samples:], rate), text, words, visemes)
