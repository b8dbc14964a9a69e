"""Cuts streamed speech into chunks of a few phonemes, and synthesizes ahead of who plays it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, SpeechChunk, Viseme, Word

_PHONEME = 0.08
"""Seconds of a phoneme, for voices that do not tell the mouth's shapes."""


def in_phonemes(chunks: Iterable[SpeechChunk], count: int) -> Iterator[SpeechChunk]:
    """Yield the same speech in chunks of `count` phonemes, each of which has a mouth shape."""
    for chunk in chunks:
        for begin, end in pairwise(_edges(chunk, count)):
            yield _between(chunk, begin, end)


def read_ahead(
    make: Callable[[Turn], Iterator[SpeechChunk]], count: int, turn: Turn
) -> Generator[SpeechChunk]:
    """Yield the speech that `make` returns, of which a thread synthesizes `count` chunks ahead.

    The thread ends with the generator, also where that is closed early or `turn` is cancelled.
    """
    part = Turn(turn.id, turn.user_text, language=turn.language)
    turn.when_cancelled(part.cancel)
    stream = make(part)
    pending: deque[Future[SpeechChunk | None]] = deque()
    with ThreadPoolExecutor(1, "speech-ahead") as thread:
        try:
            for _ in range(count):
                pending.append(thread.submit(next, stream, None))
            while (chunk := pending.popleft().result()) is not None:
                pending.append(thread.submit(next, stream, None))
                yield chunk
        finally:
            part.cancel()
            for each in pending:
                each.cancel()


def _edges(chunk: SpeechChunk, count: int) -> list[int]:
    """Return the samples between which each `count` phonemes are."""
    audio = chunk.audio
    total = len(audio.samples)
    if not chunk.visemes:
        step = max(1, round(count * _PHONEME * audio.rate))
        return [*range(0, max(total - step // 2, 1), step), total]
    starts = [round(viseme.at * audio.rate) for viseme in chunk.visemes]
    inside = sorted({start for start in starts if 0 < start < total})
    return [0, *inside[count - 1 :: count], total]


def _between(chunk: SpeechChunk, begin: int, end: int) -> SpeechChunk:
    """Return what begins between two samples; its first mouth shape is the one already there."""
    audio, last = chunk.audio, end == len(chunk.audio.samples)
    first, after = begin / audio.rate, end / audio.rate
    words = [
        Word(word.text, word.start - first, word.end - first)
        for word in chunk.words
        if first <= word.start and (last or word.start < after)
    ]
    reached = [viseme for viseme in chunk.visemes if round(viseme.at * audio.rate) <= begin]
    shapes = [Viseme(viseme.shape, 0.0) for viseme in reached[-1:]]
    shapes += [
        Viseme(viseme.shape, viseme.at - first)
        for viseme in chunk.visemes
        if begin < round(viseme.at * audio.rate) < end
    ]
    return replace(
        chunk,
        audio=AudioChunk(audio.samples[begin:end], audio.rate, audio.start + begin),
        text=" ".join(word.text for word in words),
        words=tuple(words),
        visemes=tuple(shapes),
    )
