"""Speech in chosen voices, made by the built-in engine, for tests that need several speakers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.engines.tts.espeak.engine import EspeakVoice
from avatar_app.media.sound_reader import write_sound

HER, HIM = "f2", "m3"
"""Two voices that are far apart."""
STORY = (
    "I have been thinking about the garden, the kitchen table and the long road home since the "
    "early morning, and nobody in the village seems to mind at all."
)


@cache
def spoken(text: str, voice: str = HER) -> Samples:
    """The text in that voice, at 16 kHz."""
    import soxr

    engine = EspeakVoice(voice=voice)
    try:
        chunks = [chunk.audio for chunk in engine.speak(text, Turn(0))]
    finally:
        engine.close()
    sound = np.concatenate([chunk.samples for chunk in chunks])
    return np.asarray(soxr.resample(sound, chunks[0].rate, MICROPHONE_RATE), np.float32)


def written(path: Path, samples: Samples) -> Path:
    """A sound file of samples at 16 kHz."""
    write_sound(path, AudioChunk(samples, MICROPHONE_RATE))
    return path
