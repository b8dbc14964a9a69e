"""Aligns the words of a phrase with espeak-ng's sound."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from avatar_app.engines.tts.espeak.library import WordSpoken
from avatar_app.engines.tts.speech.chunks import WordAt, joined
from avatar_app.engines.tts.speech.phrases import Part, Phrase


def words_of(phrase: Phrase, events: tuple[WordSpoken, ...], end: int) -> list[WordAt]:
    """Return the tokens of a phrase of `end` samples, in order and without gaps.

    A token without an event of its own (“the” of “of the”, which espeak-ng pronounces as one word)
    shares the time of the previous one in proportion to their letters; one that is not pronounced
    has no duration.
    """
    starts = _starts(phrase, events)
    borders = [0, *(index for index, start in enumerate(starts) if start is not None), len(starts)]
    times: list[int] = []
    for index, following in pairwise(borders):
        begin = _at(starts, index, 0)
        until = max(begin, _at(starts, following, end))
        times += _shared(phrase.parts[index:following], begin, until)
    return joined(phrase, [*times, max([end, *times])])


def _at(starts: list[int | None], index: int, otherwise: int) -> int:
    start = starts[index] if index < len(starts) else None
    return otherwise if start is None else start


def _starts(phrase: Phrase, events: tuple[WordSpoken, ...]) -> list[int | None]:
    """Return the sample of the first event of each part, None without an event; never
    decreasing."""
    offsets, length = [], 0
    for part in phrase.parts:
        offsets.append(length)
        length += len(part.spoken) + 1
    starts: list[int | None] = [None] * len(offsets)
    latest = -1
    for event in events:
        index = bisect_right(offsets, max(event.position, 0)) - 1
        while not phrase.parts[index].spoken and index > 0:
            index -= 1
        if index > latest and phrase.parts[index].spoken:
            starts[index], latest = event.sample, index
    return starts


def _shared(parts: tuple[Part, ...], start: int, end: int) -> list[int]:
    """Distribute the samples from `start` to `end` over parts; returns where each begins."""
    total = sum(len(part.spoken) for part in parts) or 1
    said, times = 0, []
    for part in parts:
        times.append(start + (end - start) * said // total)
        said += len(part.spoken)
    return times
