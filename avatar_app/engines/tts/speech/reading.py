"""Converts a phrase to phonemes, and tracks which phonemes belong to which word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from avatar_app.engines.tts.speech.phrases import Phrase


@dataclass(frozen=True, slots=True)
class Reading:
    """The phonemes of a phrase."""

    phonemes: str
    starts: tuple[int, ...]
    """For each part of the phrase, the index of its first phoneme."""


def read(
    phrase: Phrase, phonemize: Callable[[Sequence[str], str], list[str]], language: str
) -> Reading:
    """Return the phonemes of a phrase.

    Words are pronounced differently in context (“of the” is one word, “a” is short), so the whole
    phrase is converted. Then each word is converted alone, and the edit distance alignment of both
    yields where each begins.
    """
    spoken = [part.spoken for part in phrase.parts]
    whole = " ".join(phonemize([" ".join(filter(None, spoken))], language)[0].split())
    alone = [" ".join(each.split()) for each in phonemize(spoken, language)]
    begins, length = [], 0
    for each in alone:
        begins.append(length)
        length += len(each) + 1 if each else 0
    return Reading(whole, _moved(begins, " ".join(filter(None, alone)), whole))


def _moved(indices: Sequence[int], source: str, target: str) -> tuple[int, ...]:
    """Map positions in `source` to positions in `target`, monotonically."""
    found, latest = [], 0
    blocks = Levenshtein.opcodes(source, target)
    for index in indices:
        place = len(target)
        for block in blocks:
            if block.src_start <= index < block.src_end:
                share = (index - block.src_start) / (block.src_end - block.src_start)
                place = block.dest_start + int(share * (block.dest_end - block.dest_start))
                break
        while place < len(target) and target[place] == " ":
            place += 1
        latest = max(latest, place)
        found.append(latest)
    return tuple(found)
