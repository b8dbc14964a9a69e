"""What the training voices say: sentences of the project's texts, and words that don't exist."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
_ENGLISH = ("LICENSE", "README.md", "DECISIONS.md")
_ONSETS = (
    "p", "b", "m", "f", "v", "t", "d", "k", "g", "s", "z", "n", "l", "r", "p", "b", "m",
    "h", "j", "ch", "tr", "pl", "br", "st", "sp",
)  # fmt: skip
_CODAS = ["", "", "", "", "", "n", "s", "l", "r", "m", "p", "t", "b"]
_VOWELS = ["a", "e", "i", "o", "u", "a", "o"]


@cache
def english() -> list[str]:
    """Clauses of 4 to 14 words."""
    words = " ".join((ROOT / name).read_text(encoding="utf-8") for name in _ENGLISH)
    clauses = re.split(r"[.,;:()\[\]|`*#\"“”]+|\s{2,}", words.replace("\n", " "))
    tidy = [re.sub(r"[^A-Za-z' ]+", " ", clause).split() for clause in clauses]
    return sorted({" ".join(words) for words in tidy if 4 <= len(words) <= 14})


def invented(rng: np.random.Generator, words: int) -> str:
    """Words of syllables that any Latin spelling can say; lips close often in them."""
    return " ".join(_word(rng) for _ in range(words))


def _word(rng: np.random.Generator) -> str:
    count = rng.choice([1, 2, 2, 3])
    syllables = (
        rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(count)
    )
    return "".join(syllables)


def said(rng: np.random.Generator, language: str) -> str:
    """One utterance, at times with a pause in it."""
    clauses = english()
    parts = []
    for _ in range(rng.choice([1, 2, 2])):
        real = language.startswith("en") and rng.random() < 0.8
        parts.append(rng.choice(clauses) if real else invented(rng, int(rng.integers(3, 9))))
    return ", ".join(parts) + "."
