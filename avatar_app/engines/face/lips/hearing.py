"""A speech at the one sample rate that networks of lips know."""

from __future__ import annotations

import numpy as np
import soxr

from avatar_app.core.values import Samples, SpeechChunk

RATE = 16_000
"""Hz."""


class HeardSpeech:
    """Resamples the chunks of one speech, which are contiguous and of one rate."""

    def __init__(self) -> None:
        self._rate = 0
        self._resampler: soxr.ResampleStream | None = None
        self._samples = 0
        self.begins = 0.0
        """Seconds from the beginning of the turn's speech to that of the first chunk."""

    @property
    def has_begun(self) -> bool:
        return self._rate > 0

    @property
    def ends(self) -> float:
        """Return where what was heard ends, in seconds from the beginning of the turn's speech."""
        return self.begins + self._samples / RATE

    def add(self, chunk: SpeechChunk) -> Samples:
        """Return the samples that `chunk` adds."""
        if not self.has_begun:
            self._rate = chunk.audio.rate
            self.begins = chunk.audio.start / self._rate
            if self._rate != RATE:
                self._resampler = soxr.ResampleStream(self._rate, RATE, 1, dtype="float32")
        samples = np.ascontiguousarray(chunk.audio.samples, np.float32)
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        return self._counted(samples)

    def end(self) -> Samples:
        """Return the samples that were held back until the speech ended."""
        if self._resampler is None:
            return np.zeros(0, np.float32)
        return self._counted(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))

    def _counted(self, samples: Samples) -> Samples:
        self._samples += len(samples)
        return samples
