"""What a student listens to: windows of speech in many voices, at any loudness."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import soxr

from avatar_app.core.values import Samples
from avatar_app.engines.face.lips.mel import (
    RATE,
    SILENCE,
    WINDOW_COLUMNS,
    Floats,
    mel_spectrogram,
)
from avatar_app.engines.tts.espeak import library as espeak

LANGUAGES = (
    "en-us", "en-us", "en", "de", "fr", "es", "it", "pt-br", "nl", "pl", "tr", "id",
)  # fmt: skip
VARIANTS = (
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5",
    "belinda", "michel", "miguel", "steph",
)  # fmt: skip
SENTENCES = (
    "The quick boat moved past five white buoys before the fog came up",
    "My mother may bring warm bread and jam when you wake",
    "She sells fresh fish by the shore, and shells that shine",
    "Who would choose to move a blue spoon through the room",
    "Father left the harbour after a long calm hour",
    "Please keep these green leaves, they seem cheap but neat",
    "Both thieves thought that they would bathe in the north",
    "A big brown bear broke the old bridge over the pond",
    "Yes, I think so. Perhaps we should ask her about it tomorrow",
    "Every good voice has vowels, and very few failures",
    "Just put the yellow jug on the judge's huge shelf",
    "How now, said the owl, and flew around the round house",
)
_ONSETS = (
    "p", "b", "m", "f", "v", "t", "d", "k", "g", "s", "z", "n", "l", "r", "p", "b", "m",
    "h", "j", "ch", "tr", "pl", "br", "st", "sp", "w",
)  # fmt: skip
_CODAS = ("", "", "", "", "n", "s", "l", "r", "m", "p", "t", "b")
_VOWELS = ("a", "e", "i", "o", "u", "a", "o")
_RATES, _PITCHES, _EXPRESSIONS = (110, 240), (15, 86), (25, 80)
_LOUDEST, _QUIETEST_DB = 0.95, -24.0
"""Peak of a sentence, and how much quieter another one may be."""
_PAUSE = 0.25
"""Seconds of silence around a sentence."""


def spoken(seconds: float, seed: int) -> Iterator[Samples]:
    """Yield sentences of at least `seconds` altogether: 16 kHz mono, in any voice of espeak-ng."""
    rng = np.random.default_rng(seed)
    made = 0.0
    while made < seconds:
        language, variant = str(rng.choice(LANGUAGES)), str(rng.choice(VARIANTS))
        numbers = [int(rng.integers(*span)) for span in (_RATES, _PITCHES, _EXPRESSIONS)]
        speaker = espeak.Speaker(f"{language}+{variant}", *numbers)
        said = espeak.synthesize(_sentence(rng, language), speaker, lambda: False).samples
        sound = soxr.resample(said.astype(np.float32) / 32768, espeak.RATE, RATE)
        made += len(sound) / RATE
        yield _leveled(sound, rng)


def _sentence(rng: np.random.Generator, language: str) -> str:
    if language.startswith("en") and rng.random() < 0.7:
        return str(rng.choice(SENTENCES)) + "."
    return " ".join(_word(rng) for _ in range(int(rng.integers(5, 12)))) + "."


def _word(rng: np.random.Generator) -> str:
    count = int(rng.choice([1, 2, 2, 3]))
    syllables = (str(rng.choice(part)) for _ in range(count) for part in (_ONSETS, _VOWELS, _CODAS))
    return "".join(syllables)


def _leveled(sound: Samples, rng: np.random.Generator) -> Samples:
    """Return it at any loudness, between two pauses."""
    gain = (
        _LOUDEST * 10 ** (rng.uniform(_QUIETEST_DB, 0) / 20) / max(float(np.abs(sound).max()), 1e-6)
    )
    pause = np.zeros(round(_PAUSE * RATE), np.float32)
    return np.concatenate([pause, (sound * gain).astype(np.float32), pause])


def windows_of(sounds: Iterable[Samples], every: int, check: Callable[[], None]) -> Floats:
    """Return the windows that begin at each `every`-th column: (n, 80, 16)."""
    found = []
    for sound in sounds:
        check()
        mel = mel_spectrogram(sound)
        before = np.full((len(mel), WINDOW_COLUMNS // 2), SILENCE, np.float32)
        mel = np.concatenate([before, mel, before], axis=1)
        starts = range(0, mel.shape[1] - WINDOW_COLUMNS + 1, every)
        found += [mel[:, start : start + WINDOW_COLUMNS] for start in starts]
    return np.stack(found)
