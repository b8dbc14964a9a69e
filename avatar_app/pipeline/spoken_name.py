"""The wake word in what a recognizer wrote: it calls the avatar, and is no part of the question."""

from __future__ import annotations

from difflib import SequenceMatcher

SIMILAR = 0.6
"""Least similarity, from 0 to 1, of the first words to the wake word."""
MOST_WORDS = 4
"""That two words may be taken for: hey mere a."""


def without_call(text: str, phrase: str) -> str:
    """Return what was said without the wake word that it begins with, as recognizers spell it."""
    words, name = text.split(), _letters(phrase)
    if not name:
        return text
    similar = [
        SequenceMatcher(None, _letters("".join(words[:count])), name, autojunk=False).ratio()
        for count in range(1, min(len(words), MOST_WORDS) + 1)
    ]
    best = max(similar, default=0.0)
    if best < SIMILAR:
        return text
    rest = " ".join(words[similar.index(best) + 1 :])
    return rest[:1].upper() + rest[1:] if text[:1].isupper() else rest


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())
