"""Tracks which words of a written answer were heard, and finds words and sentences in it."""

from __future__ import annotations

from dataclasses import dataclass

_ENDS = (".", "!", "?", "…", "。", "！", "？")
_CLOSING = "\"'”’»)]"


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

    def text_from(self, word: int) -> str:
        """Return the text from a word to the end."""
        return " ".join(self.words[word:])

    def word_at(self, position: int) -> int:
        """Return the word to which the character at `position` of `text` belongs; a space belongs
        to the word before it."""
        return min(self.text.count(" ", 0, position), len(self.words) - 1)

    def characters_of(self, word: int) -> tuple[int, int]:
        """Return where a word begins and ends in `text`."""
        begin = sum(len(each) + 1 for each in self.words[:word])
        return begin, begin + len(self.words[word])

    def sentence_at(self, word: int) -> str:
        """Return the sentence that contains a word."""
        begin = end = word
        while begin > 0 and not _ends_sentence(self.words[begin - 1]):
            begin -= 1
        while end < len(self.words) - 1 and not _ends_sentence(self.words[end]):
            end += 1
        return " ".join(self.words[begin : end + 1])


def _ends_sentence(word: str) -> bool:
    return word.rstrip(_CLOSING).endswith(_ENDS)
