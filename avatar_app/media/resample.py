"""Streaming sample rate conversion that preserves length and timing."""

from __future__ import annotations

import numpy as np
import soxr

from avatar_app.core.values import AudioChunk, Samples

MEASURED_SECONDS = 1.0
"""Length of the silence with which the delay is measured; soxr's filters are far shorter."""


class Resampler:
    """Changes the rate of a mono stream, piece by piece, as if it were one whole.

    Sample 0 of the output stands at the time of sample 0 of the input: nothing is shifted. Samples
    held back by the filter are returned with later pieces, the rest with `last`.
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self.from_rate = from_rate
        self.to_rate = to_rate
        self._stream = None if from_rate == to_rate else self._new_stream()

    @property
    def delay(self) -> float:
        """Return the seconds of input that the filter holds back; the same for every stream
        of these rates. Measured with silence, because soxr reports only what is pending at
        the moment."""
        if self._stream is None:
            return 0.0
        given = round(MEASURED_SECONDS * self.from_rate)
        returned = len(self._new_stream().resample_chunk(np.zeros(given, np.float32)))
        return MEASURED_SECONDS - returned / self.to_rate

    def process(self, samples: Samples, *, last: bool = False) -> Samples:
        """Resample the next piece, float32 of shape (n,); `last` flushes and prepares for a new
        stream."""
        if self._stream is None:
            return samples
        piece = np.ascontiguousarray(samples, dtype=np.float32)
        resampled: Samples = self._stream.resample_chunk(piece, last=last)
        if last:
            self._stream.clear()
        return resampled

    def _new_stream(self) -> soxr.ResampleStream:
        return soxr.ResampleStream(self.from_rate, self.to_rate, 1, dtype="float32")


def resampled(chunk: AudioChunk, rate: int) -> AudioChunk:
    """Return the whole chunk at another rate, with its start on that rate's timeline."""
    if chunk.rate == rate:
        return chunk
    samples = soxr.resample(chunk.samples, chunk.rate, rate).astype(np.float32)
    return AudioChunk(samples, rate, round(chunk.start * rate / chunk.rate))
