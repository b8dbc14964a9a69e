"""From phrases to the numbers that a Coqui network reads, and back to the times of phonemes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar_app.core.values import Samples
from avatar_app.engines.tts.speech.reading import Reading


@dataclass(frozen=True, slots=True)
class PhonemeTime:
    """Implements `speech.timing.Timing`."""

    phoneme: str
    start: float
    end: float


def pronounced(tokenizer: Any, texts: Sequence[str], language: str) -> list[str]:
    """Return texts as the network was trained to read them: phonemes, or letters."""
    if tokenizer.text_cleaner is not None:
        texts = [tokenizer.text_cleaner(text, lang=language[:2]) for text in texts]
    if tokenizer.phonemizer is not None:
        texts = [tokenizer.phonemizer.phonemize(text, "", language) for text in texts]
    known = tokenizer.characters.vocab
    return ["".join(sign for sign in text if sign in known) for text in texts]


def with_blanks(tokenizer: Any, numbers: list[int]) -> list[int]:
    """Add the numbers that the network expects between and around those of a phrase."""
    if tokenizer.add_blank:
        numbers = tokenizer.intersperse_blank_char(numbers)
    if tokenizer.use_eos_bos:
        numbers = tokenizer.pad_with_bos_eos(numbers)
    return numbers


def without_blanks(tokenizer: Any, frames: Samples) -> Samples:
    """Return the durations of a phrase's phonemes from those of all numbers."""
    if tokenizer.use_eos_bos:
        frames = np.concatenate([[frames[0] + frames[1]], frames[2:-1]])
    if tokenizer.add_blank:  # a blank before each phoneme, and one at the end
        frames = frames[:-1].reshape(-1, 2).sum(axis=1)
    return frames


def timings_of(reading: Reading, durations: Samples) -> list[PhonemeTime]:
    """Return the time of each phoneme from durations in seconds."""
    edges = np.concatenate([[0.0], np.cumsum(durations)])
    return [
        PhonemeTime(phoneme, float(edges[index]), float(edges[index + 1]))
        for index, phoneme in enumerate(reading.phonemes[: len(edges) - 1])
    ]
