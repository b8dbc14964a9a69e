"""A simulated user: synthetic or recorded speech, noises, and voice segmentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, Samples
from avatar_app.media.resample import Resampler
from avatar_app.media.sound_reader import read_sound
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.demo import USER_VOICE
from avatar_app.system import paths

BELOW_LOUD_DB = 35.0
"""Blocks quieter than the recording's loud level by more than this are not voice."""
QUIET_DB, ABOVE_QUIET_DB = 22.0, 6.0
"""A recording's own noise is at least the first below its loud level; voice exceeds that noise by
the second."""
SHORTEST_VOICE = 3
"""Blocks; a shorter loud passage is a click of the recorder or the lips."""
ROOM_DB = -62.0
"""dBFS (RMS) of a quiet room's noise at the microphone."""
USER_DB = -26.0
"""dBFS of the user's loud level: a speaker half a meter from a laptop."""

PHRASES = (
    "What can you do?",
    "Who are you?",
    "What time is it?",
    "How are you today?",
    "Tell me something about yourself.",
    "What is seven times eight?",
    "Set a timer for five minutes.",
    "Thank you, that was very helpful.",
    "Can you speak a little slower?",
    "What is your name?",
    "Tell me a joke.",
    "What day is it today?",
    "I would like to talk about music.",
    "Good morning.",
    "How does this work?",
)
"""What the simulated user says."""
INTERRUPTIONS = (
    "stop please",
    "wait a moment",
    "thank you very much",
    "tell me something else",
    "what about tomorrow",
    "i would like to know the time",
    "no i do not think so",
    "who are you",
)
"""What the simulated user says over the avatar."""


@dataclass(frozen=True, slots=True, eq=False)
class Saying:
    """A spoken phrase: its sound, and where its voice is."""

    name: str
    samples: Samples
    """float32, 16 kHz."""

    @property
    def voiced(self) -> tuple[float, float]:
        """Return the seconds at which the voice begins and ends."""
        return voiced_span(self.samples)


class UserVoice:
    """Context manager for a voice that is not the avatar's."""

    def __init__(self, engine: str = "espeak", options: dict[str, Any] = USER_VOICE) -> None:
        registry, self._options = Registry(), options
        self._voice: Any = create_engine(registry, registry.find(Kind.TTS, engine), options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._voice.close()

    def change(self, **options: Any) -> Self:
        """Change options of the engine, such as its voice."""
        self._options = {**self._options, **options}
        self._voice.configure(**self._options)
        return self

    def say(self, text: str) -> Saying:
        chunks = [chunk.audio for chunk in self._voice.speak(text, Turn(0))]
        resampler = Resampler(chunks[0].rate, MICROPHONE_RATE)
        samples = resampler.process(np.concatenate([c.samples for c in chunks]), last=True)
        return Saying(text, at_level(samples))


def recordings() -> list[Saying]:
    """Return the real recordings of the checkout; empty in an installation without them."""
    folder = paths.shipped("tests") / "data"
    files = sorted([*folder.glob("*.wav"), *folder.glob("*.flac")])
    real = [path for path in files if not path.name.startswith("espeak")]
    return [Saying(path.name, at_level(read_sound(path, MICROPHONE_RATE).samples)) for path in real]


def levels_db(samples: Samples) -> Samples:
    """Return the dBFS (RMS) of each whole 10 ms."""
    count = len(samples) // MICROPHONE_BLOCK
    blocks = samples[: count * MICROPHONE_BLOCK].reshape(count, MICROPHONE_BLOCK)
    power = np.mean(np.square(blocks, dtype=np.float64), axis=1)
    decibels: Samples = (10 * np.log10(power + 1e-12)).astype(np.float32)
    return decibels


def loud_level(samples: Samples) -> float:
    """Return the level in dBFS that the loudest twentieth of a recording exceeds."""
    return float(np.percentile(levels_db(samples), 95))


def is_voiced(samples: Samples) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return for each 10 ms whether it is well above the recording's noise, and for longer than a
    click."""
    levels = levels_db(samples)
    loud = float(np.percentile(levels, 95))
    quiet = levels[levels < loud - QUIET_DB]
    noise = float(np.percentile(quiet, 30)) if len(quiet) else -np.inf
    above = levels > max(loud - BELOW_LOUD_DB, noise + ABOVE_QUIET_DB)
    begins = np.lib.stride_tricks.sliding_window_view(above, SHORTEST_VOICE).all(axis=1)
    return np.convolve(begins, np.ones(SHORTEST_VOICE, int)) > 0


def voiced_span(samples: Samples) -> tuple[float, float]:
    """Return the seconds at which the voice of a recording begins and ends."""
    loud = np.nonzero(is_voiced(samples))[0]
    return (float(loud[0]) / 100, float(loud[-1] + 1) / 100) if len(loud) else (0.0, 0.0)


def trim_silence(samples: Samples) -> Samples:
    """Cut a recording from its first voice to its last."""
    start, end = voiced_span(samples)
    return samples[round(start * MICROPHONE_RATE) : round(end * MICROPHONE_RATE)]


def pauses_in(samples: Samples, shortest: float) -> list[tuple[float, float]]:
    """Return start and end, in seconds, of the silences of at least `shortest` between voice."""
    loud = np.nonzero(is_voiced(samples))[0]
    gaps = np.nonzero(np.diff(loud) > round(shortest * 100))[0]
    return [(float(loud[i] + 1) / 100, float(loud[i + 1]) / 100) for i in gaps]


def at_level(samples: Samples, decibels: float = USER_DB) -> Samples:
    """Scale a sound so that its loud level is `decibels`."""
    return (samples * 10 ** ((decibels - loud_level(samples)) / 20)).astype(np.float32)


def room_noise(seconds: float, rng: np.random.Generator, decibels: float = ROOM_DB) -> Samples:
    """Return the hiss of a quiet room."""
    count = round(seconds * MICROPHONE_RATE)
    return (rng.standard_normal(count) * 10 ** (decibels / 20)).astype(np.float32)


def in_room(samples: Samples, rng: np.random.Generator) -> Samples:
    """Mix a recording with the noise of the room."""
    return samples + room_noise(len(samples) / MICROPHONE_RATE, rng)[: len(samples)]


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * MICROPHONE_RATE), np.float32)
