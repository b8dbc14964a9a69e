"""Records a reference by hand, and a consent phrase word by word; shows both as they are heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar_app.core.jobs import Job
from avatar_app.core.values import BLOCK_SECONDS, Samples
from avatar_app.voices.consent_phrase import Sentence, words_found
from avatar_app.voices.consent_reading import Follower
from avatar_app.voices.recording import Open, listen, until_pause
from avatar_app.voices.reference import Check, checks_so_far, decibels, rms

_LEVEL_EVERY = round(0.05 / BLOCK_SECONDS)
"""Blocks between two reports of the level."""
_CHECK_EVERY = round(0.25 / BLOCK_SECONDS)
"""Blocks between two checks of all that was recorded."""


@dataclass(frozen=True, slots=True)
class RecordingSoFar:
    """A recording while it is made."""

    level: float
    """dB of full scale, of the last 50 ms."""
    checks: tuple[Check, ...] = ()
    """Of all that was recorded, as of the latest quarter of a second."""


@dataclass(frozen=True, slots=True)
class ReadingSoFar:
    """A sentence while it is read aloud."""

    level: float
    """dB of full scale, of the last 50 ms."""
    words: frozenset[int] = frozenset()
    """Places of the sentence's words that were recognized."""


def record_until(
    job: Job[Any],
    open_source: Open,
    done: Callable[[], bool],
    watch: Callable[[RecordingSoFar], None],
) -> Samples:
    """Record at 16 kHz until `done`, or for as long as a reference may be."""
    heard: list[Samples] = []
    found: tuple[Check, ...] = ()
    with closing(listen(job, open_source)) as blocks:
        for block in blocks:
            heard.append(block)
            if len(heard) % _CHECK_EVERY == 0:
                found = checks_so_far(np.concatenate(heard))
            if len(heard) % _LEVEL_EVERY == 0:
                watch(RecordingSoFar(_level(heard), found))
            if done():
                break
    return np.concatenate(heard)


class ReadAloud:
    """Hears a sentence from a microphone: `record` and `read` are what a `Cloning` needs."""

    def __init__(
        self,
        open_source: Open,
        follow: Follower,
        sentence: Sentence,
        watch: Callable[[ReadingSoFar], None],
    ) -> None:
        self._open, self._follow = open_source, follow
        self._sentence, self._watch = sentence, watch
        self._words: frozenset[int] = frozenset()
        self._heard: list[Samples] = []
        self._text = ""

    def record(self, job: Job[Any]) -> Samples:
        """Listen until a pause after the sentence."""
        self._heard, self._words = [], frozenset()
        for text in self._follow(self._blocks(job)):
            self._text = text
            self._words |= words_found(self._sentence, text)
            if self._heard:
                self._watch(ReadingSoFar(_level(self._heard), self._words))
        return np.concatenate(self._heard)

    def read(self, _samples: Samples) -> str:
        """Return what was understood while it was recorded."""
        return self._text

    def _blocks(self, job: Job[Any]) -> Iterator[Samples]:
        for block in until_pause(job, self._open):
            self._heard.append(block)
            if len(self._heard) % _LEVEL_EVERY == 0:
                self._watch(ReadingSoFar(_level(self._heard), self._words))
            yield block


def _level(heard: list[Samples]) -> float:
    return decibels(rms(np.concatenate(heard[-_LEVEL_EVERY:])))
