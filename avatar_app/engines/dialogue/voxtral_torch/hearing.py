"""A sound as Voxtral's encoder takes it: Whisper's log-mel spectrogram of half minutes."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np

from avatar_app.core.errors import EngineFailed
from avatar_app.core.values import MICROPHONE_RATE, Samples

WINDOW = 30 * MICROPHONE_RATE
FRAMES = 3000
"""Of the spectrogram, in each window."""


def windows_of(sound: bytes, extractor: Any) -> Any:
    """Return the spectrogram of a sound file (WAV, FLAC, MP3): float32 of shape (windows, bands,
    FRAMES). `extractor`: transformers' of Whisper. Raises EngineFailed for what is no sound."""
    samples = _samples(sound)
    samples = np.pad(samples, (0, -len(samples) % WINDOW))
    values = extractor(
        samples, sampling_rate=MICROPHONE_RATE, truncation=False, return_tensors="pt"
    )["input_features"][0]
    return values.reshape(len(values), -1, FRAMES).transpose(0, 1)


def _samples(sound: bytes) -> Samples:
    import soundfile
    import soxr

    try:
        samples, rate = soundfile.read(BytesIO(sound), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise EngineFailed("What was said cannot be read as a sound.", "Say it again.") from error
    mono = np.nan_to_num(samples.mean(axis=1))
    heard = mono if rate == MICROPHONE_RATE else soxr.resample(mono, rate, MICROPHONE_RATE)
    return np.asarray(heard if len(heard) else np.zeros(1), np.float32)
