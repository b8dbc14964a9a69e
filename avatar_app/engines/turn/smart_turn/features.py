"""Log-mel features of eight seconds of speech, as Whisper's feature extractor computes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import END_OF_TURN_SECONDS, MICROPHONE_RATE, Samples

LENGTH = round(END_OF_TURN_SECONDS * MICROPHONE_RATE)
"""Samples that the network hears; what is shorter has silence before it."""
WINDOW, HOP, MELS = 400, 160, 80
"""Samples of a window and from one to the next; bands."""
FLOOR, RANGE = 1e-10, 8.0
"""Least power of a band, and decades below the loudest one that are kept."""
VARIANCE_FLOOR = 1e-7
"""Added to the variance of the sound, so that silence can be divided by it."""

Doubles = NDArray[np.float64]


def whisper_features(samples: Samples) -> NDArray[np.float32]:
    """float32, shape (80, 800): the log-mel spectrogram of the last 8 s of `samples` (16 kHz).

    As transformers' WhisperFeatureExtractor(chunk_length=8) with do_normalize (Radford et al.,
    "Robust Speech Recognition via Large-Scale Weak Supervision", 2022): the sound, silence before
    it included, is brought to mean 0 and variance 1; bands on Slaney's mel scale; the logarithm is
    cut RANGE decades below its highest value, and brought to about [-1, 1].
    """
    heard = samples[-LENGTH:].astype(np.float32)
    sound = np.pad(heard, (LENGTH - len(heard), 0))
    sound = (sound - sound.mean()) / np.sqrt(sound.var() + VARIANCE_FLOOR)
    bands = np.log10(np.maximum(_power(sound) @ _MEL_BANDS, FLOOR)).T
    bands = np.maximum(bands, bands.max() - RANGE)
    features: NDArray[np.float32] = ((bands + 4.0) / 4.0).astype(np.float32)
    return features


def _power(sound: Samples) -> Doubles:
    """Of each window, shape (800, 201): the last one, half of it reflected, is left out."""
    padded = np.pad(sound.astype(np.float64), WINDOW // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:-1]
    spectrum = np.fft.rfft(windows * _HANN, axis=-1)
    return spectrum.real**2 + spectrum.imag**2


def _mel_bands() -> Doubles:
    """Shape (201, 80): triangles of equal area, evenly spaced on Slaney's mel scale."""
    edges = _hertz(np.linspace(0.0, float(_mel(MICROPHONE_RATE / 2)), MELS + 2))
    hertz = np.linspace(0, MICROPHONE_RATE / 2, WINDOW // 2 + 1)[:, None]
    rising = (hertz - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - hertz) / np.diff(edges)[1:]
    bands: Doubles = np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (edges[2:] - edges[:-2])
    return bands


_LINEAR_HERTZ, _LINEAR_MELS, _STEP = 1000.0, 15.0, 27.0 / np.log(6.4)
"""Slaney's mel scale: linear up to 1000 Hz (15 mel), logarithmic above."""


def _mel(hertz: float) -> Any:
    return _LINEAR_MELS + np.log(hertz / _LINEAR_HERTZ) * _STEP


def _hertz(mels: Doubles) -> Doubles:
    above = _LINEAR_HERTZ * np.exp((mels - _LINEAR_MELS) / _STEP)
    return np.where(mels < _LINEAR_MELS, mels * _LINEAR_HERTZ / _LINEAR_MELS, above)


_HANN = np.hanning(WINDOW + 1)[:-1]
_MEL_BANDS = _mel_bands()
