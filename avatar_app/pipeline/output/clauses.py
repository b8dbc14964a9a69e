"""Splits streamed text into clauses, where a voice can begin to speak."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

from avatar_app.core.unfinished_words import UNFINISHED

T = TypeVar("T")

FIRST_CLAUSE = 8
"""Minimum characters of a first clause to end at a comma: short, so that speech starts early."""
FIRST_WORDS = 3
"""Words with which it may have fewer characters."""
EARLY_WORDS, MOST_EARLY_WORDS = 4, 6
"""Words after which the first clause ends without a mark while its sentence is being written."""
LATER_CLAUSE = 40
"""Minimum characters of a later clause to end at a comma: longer, for better intonation."""
LONGEST_CLAUSE = 220
"""Characters after which a clause ends at a blank in any case."""

_SENTENCE_END = re.compile(r"[.!?\u2026]+[\"'\u201d\u2019)\]]*\s|\n|[\u3002\uff01\uff1f]")
_BREATH = re.compile(r"[,;:\u2014][\"'\u201d\u2019)\]]*\s|\s[\u2013-]\s|[\u3001\uff0c]")
_WORD = re.compile(r"\S+\s+")
_MARK = re.compile(r"[^\w\s'\u2019-]\s*$")
"""What ends a word and may be the end of a clause."""
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|approx|e\.g|i\.e|z\.B|[A-Z])|(?<=\w\s)No|\b\d+)\.\s$"
)


def split_clauses(pieces: Iterable[str | T]) -> Iterator[str | T]:
    """Join streamed pieces of text and yield clauses without surrounding blanks. An item that is
    not text ends a clause and is yielded after it unchanged.

    A sentence ends a clause, unless its full stop belongs to an abbreviation, an initial or an
    ordinal. A comma, colon or dash ends one that is long enough; the first one ends after some
    words where more is written before any mark comes. Joined with blanks, the clauses hold the
    words of the whole text in order.
    """
    buffer = ""
    first = True
    for piece in pieces:
        if not isinstance(piece, str):
            if rest := buffer.strip():
                yield rest
            buffer = ""
            yield piece
            continue
        if first and (cut := _early_cut(buffer)):
            yield buffer[:cut].strip()
            buffer, first = buffer[cut:], False
        buffer += piece
        while cut := _cut(buffer, first=first):
            clause, buffer = buffer[:cut].strip(), buffer[cut:]
            if clause:
                yield clause
                first = False
    if rest := buffer.strip():
        yield rest


def _early_cut(text: str) -> int:
    """Index after the words with which speech can begin before their sentence is written; 0 for
    nowhere. They do not end with a number or with a word that no sentence ends with."""
    ends = [match.end() for match in _WORD.finditer(text)]
    if len(ends) < MOST_EARLY_WORDS or _MARK.search(text):
        return 0
    words = text.lower().split()
    for count in range(len(ends), EARLY_WORDS - 1, -1):
        word = words[count - 1]
        if count <= MOST_EARLY_WORDS and word not in UNFINISHED and not word[-1].isdigit():
            return ends[count - 1]
    return 0


def _cut(text: str, *, first: bool) -> int:
    """Return the index after the first clause in `text`; 0 if it is not complete yet."""
    cuts = [
        match.end()
        for match in _SENTENCE_END.finditer(text)
        if not _ABBREVIATION.search(text[: match.end()])
    ][:1]
    cuts += [
        match.end()
        for match in _BREATH.finditer(text)
        if match.start() >= (FIRST_CLAUSE if first else LATER_CLAUSE)
        or (first and len(text[: match.start()].split()) >= FIRST_WORDS)
    ][:1]
    if not cuts and len(text) > LONGEST_CLAUSE:
        cuts = [text.rfind(" ", 0, LONGEST_CLAUSE) + 1 or LONGEST_CLAUSE]
    return min(cuts, default=0)
