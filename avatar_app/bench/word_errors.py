"""Word error rate, ignoring spelling variants and numerals."""

from __future__ import annotations

import re

from rapidfuzz.distance import Levenshtein
from text_to_num import alpha2digit  # type: ignore[import-untyped]

_SPELLINGS = {"metres": "meters", "mister": "mr", "okay": "ok"}
_NO_WORD = re.compile(r"[^\w' ]+")


def word_errors(heard: str, said: str) -> int:
    """Return the number of word substitutions, insertions and deletions between `heard` and what
    was said."""
    return Levenshtein.distance(normalize_words(heard), normalize_words(said))


def normalize_words(text: str) -> list[str]:
    """Return words in lower case without punctuation; numbers as digits, in English."""
    plain = _NO_WORD.sub(" ", text.lower().replace("’", "'"))
    words = alpha2digit(" ".join(plain.split()), "en").split()
    return [_SPELLINGS.get(word, word) for word in words]
