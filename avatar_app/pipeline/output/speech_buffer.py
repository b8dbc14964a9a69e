"""The speech of one turn: samples, and the words with their times."""

from __future__ import annotations

import numpy as np
import soxr

from avatar_app.core.values import PLAYBACK_RATE, Samples, SpeechChunk, Word


class SpeechBuffer:
    """Grows at the end while it is played; nothing is removed, so it can be wound back."""

    def __init__(self) -> None:
        self._samples: Samples = np.zeros(PLAYBACK_RATE * 4, np.float32)
        self._length = 0
        self._spoken = 0.0  # seconds of speech put in, resampled or still inside the resampler
        self._rate = 0
        self._resampler: soxr.ResampleStream | None = None
        self.words: list[Word] = []
        self.finished = False

    def __len__(self) -> int:
        return self._length

    def append(self, chunk: SpeechChunk) -> None:
        """Append speech at any rate; its words follow the existing ones."""
        self.words += [
            Word(word.text, self._spoken + word.start, self._spoken + word.end)
            for word in chunk.words
        ]
        self._spoken += chunk.audio.seconds
        if chunk.audio.rate == PLAYBACK_RATE:
            self._flush()
            self._extend(chunk.audio.samples)
            return
        if self._resampler is None or self._rate != chunk.audio.rate:
            self._flush()
            self._rate = chunk.audio.rate
            self._resampler = soxr.ResampleStream(
                self._rate, PLAYBACK_RATE, 1, dtype="float32", quality="MQ"
            )
        self._extend(self._resampler.resample_chunk(chunk.audio.samples))

    def finish(self) -> None:
        """Mark the speech as complete."""
        self._flush()
        self.finished = True

    def read(self, start: int, count: int) -> Samples:
        """Return up to `count` samples from `start` on."""
        return self._samples[start : min(start + count, self._length)]

    def heard_words(self, position: int) -> int:
        """Return how many words have been played, by more than half, once `position`
        samples have."""
        now = position / PLAYBACK_RATE
        at_end = self.finished and position >= self._length
        return sum(1 for word in self.words if at_end or (word.start + word.end) / 2 < now)

    def word_start(self, position: int) -> int:
        """Return the sample at which the word spoken at `position` begins."""
        now = position / PLAYBACK_RATE
        starts = [word.start for word in self.words if word.start <= now]
        return int(max(starts, default=0.0) * PLAYBACK_RATE)

    def _flush(self) -> None:
        if self._resampler is not None:
            self._extend(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
            self._resampler = None

    def _extend(self, samples: Samples) -> None:
        end = self._length + len(samples)
        if end > len(self._samples):
            grown = np.zeros(max(end, 2 * len(self._samples)), np.float32)
            grown[: self._length] = self._samples[: self._length]
            self._samples = grown
        self._samples[self._length : end] = samples
        self._length = end
