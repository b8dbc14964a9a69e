"""The rhythm of VibeVoice: five tokens of text, six latents of sound, and so on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from avatar_app.engines.tts.speech.phrases import Phrase, gather_phrases, phrases_of

RATE = 24_000
"""Samples per second."""
TOKENS = 5
"""Tokens of text that are read at once."""
LATENTS = 6
"""Latents of sound after them, of 3200 samples each: 0.8 s."""
_FEWEST_WORDS = 4
"""Of a passage: the voice is unsteady with fewer."""
_LATENTS_A_TOKEN = 10
_MORE_LATENTS = 45
"""With these, a speech has three to four times the usual number of latents, and at least 6 s."""


def windows(tokens: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the tokens in windows, and then empty ones without an end."""
    for start in range(0, len(tokens), TOKENS):
        yield tokens[start : start + TOKENS]
    while True:
        yield ()


def most_latents(tokens: int) -> int:
    """Return after how many latents a speech of so many tokens ends in any case."""
    return _MORE_LATENTS + _LATENTS_A_TOKEN * tokens


def passages(text: str, longest: int) -> list[Phrase]:
    """Split `text` into passages of whole sentences, of about `longest` characters at most.

    Each begins from the voice prompt again, so they should be long; sound comes after the first
    tokens in any case.
    """
    found: list[Phrase] = []
    for sentence in gather_phrases(phrases_of(text, longest), longest, begins=False):
        small = bool(found) and min(_words(found[-1]), _words(sentence)) < _FEWEST_WORDS
        fits = bool(found) and len(found[-1].spoken) + len(sentence.spoken) < longest
        if small or fits:
            found[-1] = Phrase(found[-1].parts + sentence.parts, sentence.pause)
        else:
            found.append(sentence)
    return found


def _words(phrase: Phrase) -> int:
    return sum(bool(part.spoken) for part in phrase.parts)
