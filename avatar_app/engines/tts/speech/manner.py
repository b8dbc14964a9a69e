"""Changes the speaking style of any voice: pitch, speed, intonation and loudness.

Pitch and speed are changed by Rubber Band (https://breakfastquay.com/rubberband), through
pedalboard. It processes everything between two pauses at once: streamed speech sounds the same as
complete speech, without audible borders between chunks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from avatar_app.core.errors import ModelMissing
from avatar_app.core.values import Samples
from avatar_app.engines.tts.speech.chunks import Spoken, WordAt, together
from avatar_app.engines.tts.speech.melody import widened

_KNEE = 0.7  # of full scale, from where peaks are bent


@dataclass(frozen=True, slots=True)
class VoiceConfig:
    """The speaking style; the defaults change nothing."""

    pitch: float = 0.0
    """Semitones, −12 to 12."""
    speed: float = 1.0
    """0.5 to 2."""
    volume: float = 1.0
    """0 to 2."""
    expressiveness: float = 1.0
    """Range of the intonation, 0 to 2; 0 is monotonous."""

    @property
    def leaves_sound(self) -> bool:
        return self.pitch == 0 and self.speed == 1 and self.expressiveness == 1


def apply_manner(spoken: Spoken, config: VoiceConfig) -> Spoken:
    """Change the speaking style of `spoken`; the times of words and visemes follow.

    Raises ModelMissing if pedalboard is needed and not installed.
    """
    samples = spoken.samples
    if len(samples) and not config.leaves_sound:
        samples = _stretched(samples, spoken.rate, config)
    factor = len(samples) / max(len(spoken.samples), 1)
    return replace(
        spoken,
        samples=level_loudness(samples, config.volume),
        words=[
            WordAt(w.token, round(w.start * factor), round(w.end * factor)) for w in spoken.words
        ],
        mouth=spoken.mouth and [(shape, round(at * factor)) for shape, at in spoken.mouth],
    )


def in_manner(pieces: Iterator[Spoken], config: VoiceConfig) -> Iterator[Spoken]:
    """Change the speaking style of the pieces of a phrase. They are joined before their pitch is
    changed, so that no border between them is audible."""
    if not config.leaves_sound:
        pieces = iter((together(list(pieces)),))
    return (apply_manner(piece, config) for piece in pieces)


def level_loudness(sound: Samples, gain: float) -> Samples:
    """Amplify, and compress peaks above the knee so that none reaches full scale."""
    if gain == 1 and np.abs(sound).max(initial=0) <= 1:
        return sound
    louder = sound * np.float32(gain)
    over = np.abs(louder) - _KNEE
    bent = np.sign(louder) * (_KNEE + (1 - _KNEE) * np.tanh(over / (1 - _KNEE)))
    return np.asarray(np.where(over > 0, bent, louder), np.float32)


def _stretched(samples: Samples, rate: int, config: VoiceConfig) -> Samples:
    try:
        from pedalboard import time_stretch
    except ImportError as error:
        raise ModelMissing(
            "The pitch of this voice cannot be changed: pedalboard is not installed.",
            "Type: pip install pedalboard",
        ) from error
    semitones: float | np.ndarray = config.pitch
    if config.expressiveness != 1:
        semitones = config.pitch + widened(samples, rate, config.expressiveness)
    stretched = time_stretch(samples, rate, config.speed, semitones)[0]
    wanted = round(len(samples) / config.speed)
    return np.asarray(np.pad(stretched[:wanted], (0, max(0, wanted - len(stretched)))), np.float32)
