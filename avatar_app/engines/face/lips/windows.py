"""The sound window of each picture: the same for live speech and a complete recording."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from avatar_app.core.values import Samples, SpeechChunk
from avatar_app.engines.face.lips.hearing import HeardSpeech
from avatar_app.engines.face.lips.mel import (
    BANDS,
    COLUMNS_PER_SECOND,
    SILENCE,
    WINDOW_COLUMNS,
    Floats,
    MelStream,
)

CENTERED = 0.08
"""Seconds by which a window begins before its picture in the training data."""
_QUIET = -2.0
"""A column whose loudest band is below this counts as silent: some 40 dB below a speaking voice."""
_OPENING_COLUMNS = slice(2, 14)
"""The columns of a window in which sound opens the mouth."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The spectrogram window of one picture."""

    frame: int
    """Number of the picture, counted from the beginning of the turn's speech."""
    mel: Floats
    """float32, shape (80, 16)."""

    @property
    def sound(self) -> Floats:
        """Return what the network is given."""
        return self.mel

    @property
    def silent(self) -> bool:
        return bool(self.mel[:, _OPENING_COLUMNS].max() < _QUIET)


class WindowStream:
    """The windows of one speech, each as soon as its last column is complete.

    A picture's window starts `lead` seconds before the picture; the last ones are the speech's last
    16 columns. Without a lead this is the published schedule.
    """

    def __init__(self, fps: float, lead: float = CENTERED) -> None:
        self._columns_per_frame = COLUMNS_PER_SECOND / fps
        self._fps, self._lead = fps, lead
        self._next = 0
        self._mels = MelStream()
        self._speech = HeardSpeech()
        before = math.ceil(lead * COLUMNS_PER_SECOND)  # silence, which the first windows hear
        self._mel = np.full((BANDS, before), SILENCE, np.float32)
        self._dropped = -before  # the column of the speech with which self._mel begins

    def add(self, chunk: SpeechChunk) -> Iterator[Window]:
        """Yield the windows that `chunk` completes. Chunks are contiguous and of one rate."""
        is_first = not self._speech.has_begun
        samples = self._speech.add(chunk)
        if is_first:
            self._next = round(self._speech.begins * self._fps)
        self._hear(samples)
        yield from self._ready()

    def end(self) -> Iterator[Window]:
        """Yield the windows of the remaining pictures."""
        if not self._speech.has_begun:
            return
        self._hear(self._speech.end())
        self._mel = np.concatenate([self._mel, self._mels.end()], axis=1)
        missing = max(0, WINDOW_COLUMNS - self._dropped - self._mel.shape[1])
        self._mel = np.pad(self._mel, ((0, 0), (0, missing)), constant_values=SILENCE)
        last = self._dropped + self._mel.shape[1] - WINDOW_COLUMNS
        while self._next < math.ceil(self._speech.ends * self._fps - 1e-6):
            yield self._window(min(self._column(), last))

    def _hear(self, samples: Samples) -> None:
        self._mel = np.concatenate([self._mel, self._mels.add(samples)], axis=1)

    def _ready(self) -> Iterator[Window]:
        while (column := self._column()) + WINDOW_COLUMNS <= self._dropped + self._mel.shape[1]:
            yield self._window(column)

    def _column(self) -> int:
        """Return the first column of the next picture's window."""
        before = (self._speech.begins + self._lead) * COLUMNS_PER_SECOND
        return math.floor(self._next * self._columns_per_frame - before)

    def _window(self, column: int) -> Window:
        begin = column - self._dropped
        window = Window(self._next, self._mel[:, begin : begin + WINDOW_COLUMNS].copy())
        self._next += 1
        # The last windows of a speech may begin earlier than this one.
        spare = max(0, min(begin, self._mel.shape[1] - 2 * WINDOW_COLUMNS))
        self._mel, self._dropped = self._mel[:, spare:], self._dropped + spare
        return window
