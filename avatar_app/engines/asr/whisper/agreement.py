"""Local agreement: a word is shown once two successive hypotheses agree on it."""

from __future__ import annotations

import re

_MARKS = re.compile(r"[^\w]+")


class Agreement:
    """LocalAgreement-2 (Macháček, Dabre, Bojar: Turning Whisper into Real-Time Transcription
    System, 2023). Words stay once agreed on."""

    def __init__(self) -> None:
        self.agreed: list[str] = []
        """Words, as the hypothesis that agreed writes them."""
        self._latest: list[str] = []

    def add(self, words: list[str]) -> bool:
        """Add the words of the next hypothesis; returns whether more of them are agreed on now."""
        before = len(self.agreed)
        if self._goes_on(words):
            for earlier, word in zip(self._latest[before:], words[before:], strict=False):
                if not same(earlier, word):
                    break
                self.agreed.append(word)
        self._latest = words
        return len(self.agreed) > before

    def _goes_on(self, words: list[str]) -> bool:
        """Whether the last agreed word is in its place. Otherwise, with a word more or less before
        it, what follows would be shown twice or not at all."""
        last = len(self.agreed) - 1
        return last < 0 or (last < len(words) and same(self.agreed[last], words[last]))


def same(one: str, other: str) -> bool:
    """Compare words without capitals and punctuation, which change with every following word."""
    return _MARKS.sub("", one).casefold() == _MARKS.sub("", other).casefold()
