"""The user's words as a WAV file, for a dialogue engine that hears."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence

import numpy as np

from avatar_app.core.prompt import SoundPart
from avatar_app.core.values import AudioChunk


def as_wave(chunks: Sequence[AudioChunk]) -> SoundPart:
    """Return blocks of one rate as 16-bit mono (RIFF/WAVE)."""
    samples = np.concatenate([chunk.samples for chunk in chunks])
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(chunks[0].rate)
        written.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return SoundPart(file.getvalue())
