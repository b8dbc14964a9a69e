"""Level, noise floor and clipping of a recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import MICROPHONE_BLOCK, Samples
from avatar_app.pipeline.input.audio_frontend import decibels, mean_power

Flags = NDArray[np.bool_]
"""One for each block."""
_LOUD, _LOUDEST = 0.98, 0.999
"""Of the samples by magnitude."""
NOISE_QUANTILE = 0.2
"""Of the blocks by power: speakers pause for a fifth of the time and more."""
_FULL_SCALE = 0.97
SILENT = 1e-4
"""Peak (−80 dBFS) below which no microphone is at work: the noise of the quietest is louder."""
MOST_AT_FULL_SCALE = 5e-4
"""Share of samples at the end of the scale, above which it is too loud."""


def block_powers(samples: Samples) -> Samples:
    """Mean power of each whole block of 10 ms at 16 kHz."""
    whole = samples[: len(samples) // MICROPHONE_BLOCK * MICROPHONE_BLOCK]
    return np.asarray(np.square(whole.reshape(-1, MICROPHONE_BLOCK)).mean(axis=1), np.float32)


def noise_power(samples: Samples) -> float:
    """Mean power of what is heard while nobody speaks."""
    powers = block_powers(samples)
    return float(np.quantile(powers, NOISE_QUANTILE)) if len(powers) else 0.0


def peak(samples: Samples) -> float:
    """The largest magnitude."""
    return float(np.abs(samples).max(initial=0.0))


def top_ratio(samples: Samples) -> float:
    """How far the loudest thousandth of the samples rises above the loudest fiftieth.

    Speech rises by 1.4 to 2; where its tops are cut off, by 1.02 to 1.25. Unlike rows of equal
    samples this outlives a change of rate.
    """
    if peak(samples) < SILENT:
        return np.inf
    loud, loudest = np.quantile(np.abs(samples), (_LOUD, _LOUDEST))
    return float(loudest / max(loud, 1e-9))


def full_share(samples: Samples) -> float:
    """The share of samples at the end of the scale."""
    return float((np.abs(samples) >= _FULL_SCALE).mean()) if len(samples) else 0.0


def level_db(samples: Samples) -> float:
    """Level (RMS) in dBFS; −100 for silence."""
    return decibels(mean_power(samples))
