"""Estimates word times of streaming speech whose durations are unknown."""

from __future__ import annotations

import numpy as np

from avatar_app.engines.tts.speech.chunks import Spoken, WordAt
from avatar_app.engines.tts.speech.phrases import Phrase

_LETTERS_A_SECOND = 15.0
"""Normal speaking rate; it estimates word times before the duration of their phrase is known."""
_UNSPEAKABLE = 0.1
"""Seconds of silence for a phrase without pronounceable text."""


class SpokenWords:
    """The words of a phrase, distributed over its sound as it arrives."""

    def __init__(self, phrase: Phrase, spelled: Phrase, rate: int) -> None:
        """`rate`: samples per second at normal speaking rate."""
        self._pending: list[tuple[str, int]] = []
        said = 0
        for shown, spoken in zip(phrase.parts, spelled.parts, strict=True):
            if shown.token:
                self._pending.append((shown.token, round(said / _LETTERS_A_SECOND * rate)))
            said += len(spoken.spoken) + 1 if spoken.spoken else 0
        self._passed = 0

    def until(self, count: int, *, last: bool) -> list[WordAt]:
        """Return the words that begin in the next `count` samples; with `last`, all that remain."""
        due = [word for word in self._pending if last or word[1] < self._passed + count]
        self._pending = self._pending[len(due) :]
        starts = [min(max(at - self._passed, 0), count) for _, at in due]
        if last and due and due[-1][1] >= self._passed + count:  # it was quicker than guessed
            starts = [count * index // len(due) for index in range(len(due))]
        self._passed += count
        return [
            WordAt(token, start, end)
            for (token, _), start, end in zip(due, starts, [*starts[1:], count], strict=False)
        ]


def silence(phrase: Phrase, rate: int) -> Spoken:
    """Return silence for a phrase without pronounceable text."""
    count = round(_UNSPEAKABLE * rate)
    words = [WordAt(part.token, 0, count) for part in phrase.parts if part.token]
    return Spoken(np.zeros(count, np.float32), rate, words, None)
