"""How many words were heard wrongly: the word error rate, spelling and numerals apart."""

from __future__ import annotations

import re

from rapidfuzz.distance import Levenshtein
from text_to_num import alpha2digit

_SPELLINGS = {"metres": "meters", "mister": "mr", "okay": "ok"}
_NO_WORD = re.compile(r"[^\w' ]+")


def word_error_rate(heard: str, said: str) -> float:
    """Words to be exchanged, added and left out, by the number of those said; 0 is all right."""
    words = normalized(said)
    return Levenshtein.distance(normalized(heard), words) / len(words)


def normalized(text: str) -> list[str]:
    """Words in lower case without signs; numbers as digits, in English."""
    plain = _NO_WORD.sub(" ", text.lower().replace("’", "'"))
    words = alpha2digit(" ".join(plain.split()), "en").split()
    return [_SPELLINGS.get(word, word) for word in words]
