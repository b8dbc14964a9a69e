"""Tracks which words of a written answer were heard."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What the avatar wrote, and how much of it was played."""

    words: tuple[str, ...] = ()
    heard: int = 0
    """Number of leading words that were heard."""

    @classmethod
    def of(cls, written: str, heard: str) -> Answer:
        words = tuple(written.split())
        return cls(words, min(len(heard.split()), len(words)))

    def extended(self, clause: str) -> Answer:
        """Return a copy with another clause."""
        return Answer(self.words + tuple(clause.split()), self.heard)

    def hearing(self, text: str) -> Answer:
        """Return a copy with the words of `text` heard so far."""
        return Answer(self.words, min(len(text.split()), len(self.words)))

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def heard_length(self) -> int:
        """Return the number of characters of `text` that were heard."""
        return len(" ".join(self.words[: self.heard]))
