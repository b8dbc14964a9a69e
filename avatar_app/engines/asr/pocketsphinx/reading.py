"""Reads a decoder's hypothesis and segments: words without fillers, with times and confidence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from avatar_app.core.values import Word

FRAME_SECONDS = 0.01

_FILLER = re.compile(r"[<\[+]")
_ALTERNATIVE = re.compile(r"\(\d+\)$")


def text_of(hypothesis: Any) -> str:
    """The words of a hypothesis, which is None as long as there are none."""
    return hypothesis.hypstr if hypothesis else ""


def words_of(segments: Iterable[Any] | None) -> tuple[Word, ...]:
    """The words with their times; silences and noises left out."""
    return tuple(
        Word(
            _ALTERNATIVE.sub("", segment.word),
            segment.start_frame * FRAME_SECONDS,
            (segment.end_frame + 1) * FRAME_SECONDS,
        )
        for segment in _spoken(segments)
    )


def confidence_of(segments: Iterable[Any] | None) -> float:
    """Mean posterior probability of the words, each weighted with its length; 0 without words."""
    spoken = [
        (segment.prob, segment.end_frame + 1 - segment.start_frame) for segment in _spoken(segments)
    ]
    frames = sum(length for _, length in spoken)
    return sum(prob * length for prob, length in spoken) / frames if frames else 0.0


def _spoken(segments: Iterable[Any] | None) -> list[Any]:
    return [segment for segment in segments or () if not _FILLER.match(segment.word)]
