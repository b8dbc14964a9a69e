"""Estimates the mean cepstrum of voice and microphone from the beginning of an utterance.

PocketSphinx subtracts a mean cepstrum from every frame (cepstral mean normalization, CMN). Its live
variant holds a start value for the first 8 s and blends it with what was heard; the start value
weighs as much as 5 s of sound.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import MICROPHONE_BLOCK

Cepstrum = NDArray[np.float64]

USUAL: Cepstrum = np.array(
    [54.5, 11.5, -14.2, 17.5, -15.1, 4.0, -10.7, -3.6, 4.2, -2.0, 3.4, -1.6, 1.2]
)
"""Mean cepstrum of close speech, shape (13,): the average over several speakers and rooms."""

LEARNED_AT = (25, 60, 120)
"""Blocks of 10 ms from the first voiced one on after which the average is taken: soon, and again
when more is known."""

LOUD = 10 ** (-30 / 20)
"""Relative to the loudest block: quieter blocks are the room, not the voice."""

DECODERS_WEIGHT = 500
"""Frames that the decoder's start value counts for (CMN_WIN in its sources)."""

USUAL_WEIGHT = 30
"""Frames that the usual mean counts for against those of the utterance."""


def loud(pcm: bytes) -> bytes:
    """Return the blocks of 10 ms that contain voice; the silence before it has another mean."""
    blocks = np.frombuffer(pcm, "<i2").astype(np.float64)
    blocks = blocks[: len(blocks) // MICROPHONE_BLOCK * MICROPHONE_BLOCK]
    blocks = blocks.reshape(-1, MICROPHONE_BLOCK)
    levels = np.sqrt((blocks**2).mean(axis=1))
    loudest = levels.max(initial=0.0)
    audible: NDArray[np.float64] = blocks[levels >= LOUD * loudest]
    return audible.astype("<i2").tobytes()


def estimate_mean(reported: str, start: Cepstrum, frames: int) -> Cepstrum:
    """Return the utterance's own mean, blended with the usual one.

    `reported` is the mean of a decoder that began with `start` and has heard `frames` frames.
    """
    blended = np.array([float(value) for value in reported.split(",")])
    total = blended * (DECODERS_WEIGHT + frames) - start * DECODERS_WEIGHT
    return (total + USUAL * USUAL_WEIGHT) / (frames + USUAL_WEIGHT)


def format_mean(mean: Cepstrum) -> str:
    """Format the mean as the decoder reads it."""
    return ",".join(f"{value:.4f}" for value in mean)
