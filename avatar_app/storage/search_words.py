"""Words of a search: as a full-text query, and where they stand in a text, with accents folded."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

WORD = re.compile(r"[^\W_]+")
UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of languages that put no blanks between words: Thai, Japanese, Chinese."""
BEFORE, LONGEST = 40, 160
"""Characters of a passage: before what was found, and in all."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of text, and where in it what was searched for stands."""

    text: str
    marks: tuple[Span, ...] = ()
    """Start and end of each place, in characters of `text`."""


@dataclass(frozen=True)
class SearchWords:
    """What the user typed. A text is found where each word begins some word of it, in any case
    and with or without accents; signs, and languages without blanks, are found as they stand."""

    typed: str

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Folded; empty where the text is to be found as it stands."""
        if UNSPACED.search(self.typed):
            return ()
        return tuple(dict.fromkeys(fold(word) for word in WORD.findall(self.typed)))

    @property
    def literal(self) -> str:
        """What is to be found as it stands, folded by case; empty where `words` are."""
        return "" if self.words else self.typed.strip().casefold()

    @cached_property
    def each(self) -> tuple[SearchWords, ...]:
        """One by one."""
        return tuple(map(SearchWords, self.words)) or (self,)

    @property
    def all_of_them(self) -> str:
        """In the language of FTS5: every word, by its beginning; empty where there are none."""
        return " AND ".join(f"({' OR '.join(_spellings(word))})" for word in self.words)

    @property
    def any_of_them(self) -> str:
        """In the language of FTS5: one word at least."""
        return " OR ".join(each for word in self.words for each in _spellings(word))

    def matches(self, text: str) -> bool:
        """Is it all in `text`?"""
        if not self.words:
            return bool(self.literal) and self.literal in text.casefold()
        found = [fold(word) for word in WORD.findall(text)]
        return all(any(each.startswith(word) for each in found) for word in self.words)

    def marks(self, text: str) -> tuple[Span, ...]:
        """Where the words stand in `text`."""
        if not self.words:
            return _places(text, self.literal)
        spans = ((match.span(), fold(match[0])) for match in WORD.finditer(text))
        return tuple(span for span, found in spans if found.startswith(self.words))

    def passage(self, text: str) -> Passage:
        """The piece of `text` around the first place that is found, or its beginning."""
        text = " ".join(text.split())
        marks = self.marks(text)
        start = max(0, marks[0][0] - BEFORE) if marks else 0
        if start:
            start = text.find(" ", start, marks[0][0]) + 1 or start
        return _cut(text, start, marks)


def passage_of(text: str) -> Passage:
    """The beginning of `text`."""
    return _cut(" ".join(text.split()), 0, ())


def fold(word: str) -> str:
    """Without case and accents: “Übung” becomes “ubung”, “Straße” “strasse”."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _spellings(word: str) -> list[str]:
    """FTS5 folds accents, and knows nothing of ß."""
    return [f'"{each}"*' for each in dict.fromkeys((word, word.replace("ss", "ß")))]


def _places(text: str, literal: str) -> tuple[Span, ...]:
    folded = text.casefold()
    if not literal or len(folded) != len(text):
        return ()
    return tuple(match.span() for match in re.finditer(re.escape(literal), folded))


def _cut(text: str, start: int, marks: tuple[Span, ...]) -> Passage:
    end = start + LONGEST
    if end < len(text):
        end = text.rfind(" ", start, end) if " " in text[start:end] else end
    before, after = "…" if start else "", "…" if end < len(text) else ""
    shift = len(before) - start
    inside = ((one + shift, other + shift) for one, other in marks if other <= end)
    return Passage(before + text[start:end] + after, tuple(inside))
