"""Decoding options and hypotheses of speech recognition."""

from __future__ import annotations

from dataclasses import dataclass

from avatar_app.core.values import Word


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """Options of decoding."""

    language: str | None = None
    """ISO 639-1; None: detect."""
    beam: int = 1
    voice_filter: bool = True
    word_times: bool = True
    prompt: str = ""
    hotwords: str = ""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A possible transcript."""

    text: str = ""
    confidence: float = 0.0
    """Geometric mean of the tokens' probabilities."""
    words: tuple[Word, ...] = ()
    """Seconds from the sound's beginning."""
    language: str = ""
    """ISO 639-1; empty where there are no words."""
    joined: bool = False
    """It is the text of what was said before the pause as well."""

    def has_words_after(self, seconds: float) -> bool:
        """Whether it has words in the sound after so many seconds."""
        return any((word.start + word.end) / 2 > seconds for word in self.words)
