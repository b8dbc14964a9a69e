"""Spoken language: what the network detects, weighed by the languages that were spoken before."""

from __future__ import annotations

import locale
from collections import deque
from collections.abc import Iterable

FAVOR = 20.0
"""How many times likelier a language becomes with each utterance that was understood in it."""
REMEMBERED = 3
"""Utterances."""
FALLBACK = "en"
"""Where the system names no language."""


class SpokenLanguage:
    """Chooses the language of an utterance.

    Of a second of sound the network is unsure: it takes "What time is it?" for Hungarian and writes
    Hungarian then. The language of the system and of the latest utterances is expected; another one
    is chosen where the sound says so clearly, and is expected from then on.
    """

    def __init__(self, expected: str = "") -> None:
        """`expected`: ISO 639-1; empty: the language of the system."""
        self._expected = expected or system_language()
        self._understood: deque[str] = deque(maxlen=REMEMBERED)

    def choose(self, detected: Iterable[tuple[str, float]]) -> str:
        """The likeliest of the languages that were detected with these probabilities."""
        expected = [self._expected, *self._understood]
        weighed = {
            language: probability * (1 + FAVOR * expected.count(language))
            for language, probability in detected
        }
        return max(weighed, key=weighed.__getitem__)

    def understood(self, language: str) -> None:
        """An utterance in this language was understood."""
        self._understood.append(language)


def system_language() -> str:
    """ISO 639-1."""
    name, _ = locale.getlocale()
    return name.partition("_")[0].lower() if name and name != "C" else FALLBACK
