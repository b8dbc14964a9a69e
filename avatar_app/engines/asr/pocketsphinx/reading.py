"""Parses a decoder's hypothesis and segments into words with times and confidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from avatar_app.core.values import Word

FRAME_SECONDS = 0.01

USUAL_PHONE = 22
"""Frames that the phones of a word last on average, even in a drawled "no"."""
LONGEST_PHONE = 34
"""Maximum average length of a word's phones in frames; a cough recognized as "oh" has 36."""

_FILLER = re.compile(r"[<\[+(]")  # <sil>, [NOISE], +NSN+, (NULL)
_ALTERNATIVE = re.compile(r"\(\d+\)$")


def text_of(hypothesis: Any) -> str:
    """Return the words of a hypothesis; None means no words yet."""
    return hypothesis.hypstr if hypothesis else ""


def words_of(segments: Iterable[Any] | None) -> tuple[Word, ...]:
    """Return the words with their times, without silences and noises."""
    return tuple(
        Word(
            _ALTERNATIVE.sub("", segment.word),
            segment.start_frame * FRAME_SECONDS,
            (segment.end_frame + 1) * FRAME_SECONDS,
        )
        for segment in _spoken(segments)
    )


def confidence_of(segments: Iterable[Any] | None, phones_of: Callable[[str], str | None]) -> float:
    """Return the confidence in the words, in [0, 1]; 0 without words.

    It is the mean posterior probability of the words, each weighted with its length. A decoder is
    sure of drawn-out words when it hears a cough or a hum, so that words with phones longer than
    people speak count as improbable.
    """
    spoken = _spoken(segments)
    lengths = [segment.end_frame + 1 - segment.start_frame for segment in spoken]
    trusts = [
        segment.prob * _plausible(length / len((phones_of(segment.word) or "?").split()))
        for segment, length in zip(spoken, lengths, strict=True)
    ]
    return float(np.average(trusts, weights=lengths)) if spoken else 0.0


def _plausible(frames_per_phone: float) -> float:
    """Return 1 for phones of usual length, falling to 0 for longer ones than in any speech."""
    return float(np.interp(frames_per_phone, (USUAL_PHONE, LONGEST_PHONE), (1.0, 0.0)))


def _spoken(segments: Iterable[Any] | None) -> list[Any]:
    return [segment for segment in segments or () if not _FILLER.match(segment.word)]
