"""Agreement: a word is shown as soon as two successive hypotheses have it in its place."""

from __future__ import annotations

import re

_MARKS = re.compile(r"[^\w]+")


class Agreement:
    """LocalAgreement-2 (Macháček, Dabre, Bojar: Turning Whisper into Real-Time Transcription
    System, 2023). What was agreed on once stays."""

    def __init__(self) -> None:
        self.agreed: list[str] = []
        """Words, as the hypothesis that agreed writes them."""
        self._latest: list[str] = []

    def add(self, words: list[str]) -> bool:
        """Take the words of the next hypothesis; whether more of them are agreed on now."""
        before = len(self.agreed)
        if self._goes_on(words):
            for earlier, word in zip(self._latest[before:], words[before:], strict=False):
                if not same(earlier, word):
                    break
                self.agreed.append(word)
        self._latest = words
        return len(self.agreed) > before

    def _goes_on(self, words: list[str]) -> bool:
        """Is the last agreed word in its place? Else, with a word more or less before it, what
        follows would be shown twice or not at all."""
        last = len(self.agreed) - 1
        return last < 0 or (last < len(words) and same(self.agreed[last], words[last]))


def same(one: str, other: str) -> bool:
    """Capitals and punctuation change with every word that follows; they make no other word."""
    return _MARKS.sub("", one).casefold() == _MARKS.sub("", other).casefold()
