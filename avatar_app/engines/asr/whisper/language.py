"""Language identification: the network's probabilities, weighted by earlier languages."""

from __future__ import annotations

import locale
from collections import deque
from collections.abc import Iterable

FAVOR = 20.0
"""Factor by which each utterance in a language raises its probability, for a second of sound; it
falls with the square of the length, as longer sound is surer."""
REMEMBERED = 3
"""Utterances."""
FALLBACK = "en"
"""Used where the system has no language."""


class SpokenLanguage:
    """Chooses the language of an utterance.

    The network is unsure about a single second of sound: it mistakes "What time is it?" for
    Hungarian and then writes Hungarian. The language of the system and of the latest utterances is
    expected; another one is chosen where the sound is clear, and is expected from then on.
    """

    def __init__(self, expected: str = "") -> None:
        """`expected`: ISO 639-1; empty: the language of the system."""
        self._expected = expected or system_language()
        self._understood: deque[str] = deque(maxlen=REMEMBERED)

    def choose(self, detected: Iterable[tuple[str, float]], seconds: float = 1.0) -> str:
        """Return the most likely of the languages with these probabilities, in so much sound."""
        favor = FAVOR / max(1.0, seconds) ** 2
        expected = [self._expected, *self._understood]
        weighed = {
            language: probability * (1 + favor * expected.count(language))
            for language, probability in detected
        }
        return max(weighed, key=weighed.__getitem__)

    def understood(self, language: str) -> None:
        """Record that an utterance in this language was recognized."""
        self._understood.append(language)


def system_language() -> str:
    """Return the system's language in ISO 639-1."""
    name, _ = locale.getlocale()
    return name.partition("_")[0].lower() if name and name != "C" else FALLBACK
