"""Draws the consent phrase that a speaker reads, and measures how much of it was recognized."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from rapidfuzz.distance import Levenshtein

_LISTS = Path(__file__).parent / "words.yaml"
_BLANK = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")

LEAST_STATED = 0.6
"""Share of the statement's words that must be recognized."""
MOST_MISSED = 1
"""Drawn words that may be misheard. Of the 2^30 sentences, 187 differ from one in so few: another
sentence is accepted once in six million times."""


@dataclass(frozen=True, slots=True)
class Template:
    """The template of all sentences."""

    statement: str
    """States what the speaker agrees to."""
    pattern: str
    """A sentence with the names of lists in braces."""
    lists: dict[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the lists, in the order of the blanks."""
        return tuple(_BLANK.findall(self.pattern))


@dataclass(frozen=True, slots=True)
class Sentence:
    """The drawn words, in the order of the template's blanks."""

    drawn: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the whole text to read."""
        words = iter(self.drawn)
        filled = _BLANK.sub(lambda _: next(words), template().pattern)
        return f"{template().statement}. {filled[0].upper()}{filled[1:]}."


@dataclass(frozen=True, slots=True)
class Match:
    """How much of a sentence was recognized."""

    stated: float
    """Share of the statement's words."""
    missed: tuple[str, ...]
    """Drawn words that were not recognized in order."""

    @property
    def is_the_sentence(self) -> bool:
        return self.stated >= LEAST_STATED and len(self.missed) <= MOST_MISSED


def draw() -> Sentence:
    """Draw a fresh sentence of 30 bits by the system's random numbers."""
    lists = template().lists
    return Sentence(tuple(secrets.choice(lists[name]) for name in template().names))


def compare(sentence: Sentence, heard: str) -> Match:
    """Compare the sentence with what was recognized, in order; spelling is exact."""
    found = words_found(sentence, heard)
    stated = len(template().statement.split())
    missed = [
        word
        for place, word in enumerate(_WORD.findall(sentence.text.lower()))
        if place >= stated and word in sentence.drawn and place not in found
    ]
    return Match(sum(place in found for place in range(stated)) / stated, tuple(missed))


def words_found(sentence: Sentence, heard: str) -> frozenset[int]:
    """Return the places of the sentence's words that were recognized, in order."""
    expected = _WORD.findall(sentence.text.lower())
    return frozenset(
        place
        for block in Levenshtein.opcodes(expected, _WORD.findall(heard.lower()))
        if block.tag == "equal"
        for place in range(block.src_start, block.src_end)
    )


def grammar() -> str:
    """Return the JSGF grammar of all sentences, with and without the statement."""
    lists = template().lists
    rules = [f"<{name}> = {' | '.join(words)};" for name, words in lists.items()]
    filled = _BLANK.sub(r"<\1>", template().pattern)
    statement = template().statement.lower()
    lines = ["#JSGF V1.0;", "grammar consent;", *rules]
    return "\n".join([*lines, f"public <sentence> = [{statement}] {filled};", ""])


@cache
def template() -> Template:
    """Read the template from words.yaml."""
    document = yaml.safe_load(_LISTS.read_text(encoding="utf-8"))
    lists = {name: tuple(words) for name, words in document["lists"].items()}
    return Template(document["statement"], document["pattern"], lists)
