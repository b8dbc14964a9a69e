"""Which words of an answer were heard: here alone is known how written and heard text relate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What the avatar wrote, and how much of it has left the loudspeaker."""

    words: tuple[str, ...] = ()
    heard: int = 0
    """Leading words that were heard."""

    @classmethod
    def of(cls, written: str, heard: str) -> Answer:
        words = tuple(written.split())
        return cls(words, min(len(heard.split()), len(words)))

    def extended(self, clause: str) -> Answer:
        """With a further clause written."""
        return Answer(self.words + tuple(clause.split()), self.heard)

    def hearing(self, text: str) -> Answer:
        """With the words of `text` heard so far."""
        return Answer(self.words, min(len(text.split()), len(self.words)))

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def heard_length(self) -> int:
        """Characters of `text` that were heard."""
        return len(" ".join(self.words[: self.heard]))
