"""Aligns played sound with a voice's output, to find which words left the loudspeaker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avatar_app.core.values import PLAYBACK_RATE, Samples, SpeechChunk, Word
from avatar_app.media.resample import Resampler

RATE = 8_000
"""Hz at which sounds are compared: enough for millisecond precision."""
ALIKE = 0.6
"""Correlation from which two sounds are the same, at any gain."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """Everything a voice produced in one turn."""

    samples: Samples
    """At RATE."""
    words: tuple[Word, ...]
    """Times from the beginning of the turn."""


def join_speech(chunks: Sequence[SpeechChunk]) -> Spoken:
    """Join the output of a voice."""
    words, pieces, at = [], [], 0.0
    for chunk in chunks:
        words += [Word(w.text, at + w.start, at + w.end) for w in chunk.words]
        pieces.append(chunk.audio.samples)
        at += chunk.audio.seconds
    return Spoken(_lowered(np.concatenate(pieces), chunks[0].audio.rate), tuple(words))


def resample_playback(played: Samples) -> Samples:
    """Resample loudspeaker sound to RATE."""
    return _lowered(played, PLAYBACK_RATE)


def position_of(piece: Samples, whole: Samples) -> tuple[float, float]:
    """Return the second of `whole` at which `piece` begins, and their correlation there (0
    to 1)."""
    if len(piece) < RATE // 100 or len(whole) < len(piece):
        return 0.0, 0.0
    size = 1 << (len(whole) + len(piece)).bit_length()
    products = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(piece, size)), size)
    sums = np.concatenate([[0.0], np.cumsum(np.square(whole, dtype=np.float64))])
    energy = sums[len(piece) :] - sums[: -len(piece)]
    scale = np.sqrt(np.maximum(energy, 1e-9) * max(float(np.dot(piece, piece)), 1e-9))
    alike = products[: len(energy)] / scale
    best = int(np.argmax(alike))
    return best / RATE, float(alike[best])


def words_until(speech: Spoken, seconds: float) -> int:
    """Return how many words are over by more than half at that second of the speech."""
    return sum((word.start + word.end) / 2 < seconds for word in speech.words)


def _lowered(samples: Samples, rate: int) -> Samples:
    return Resampler(rate, RATE).process(samples, last=True)
