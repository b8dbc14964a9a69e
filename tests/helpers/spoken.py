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


def with_hiss(samples: Samples) -> Samples:
    """Speech with loud hissing above 3 kHz, so that most of it is high."""
    loud = np.convolve(np.abs(samples), np.ones(1600) / 1600, "same") > 0.02
    hiss = np.fft.rfft(np.random.default_rng(0).standard_normal(len(samples)))
    hiss[np.fft.rfftfreq(len(samples), 1 / MICROPHONE_RATE) < 3000] = 0
    mixed = samples + 0.3 * np.fft.irfft(hiss, len(samples)) * loud
    return np.asarray(np.clip(mixed, -1, 1), np.float32)
