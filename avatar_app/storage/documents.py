"""Documents that the user gave to be read: in memory only, found passage by passage.

Full-text search is SQLite's FTS5 with Porter's stemmer, ranked by BM25, as for facts.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from avatar_app.core.errors import InputInvalid
from avatar_app.storage.database import IN_MEMORY, Database
from avatar_app.storage.file_size import check_size, unreadable
from avatar_app.storage.pdf_text import Pages, pages_of
from avatar_app.storage.related_words import search_words
from avatar_app.system.text_encoding import decoded

PDF = ".pdf"
ENDINGS = frozenset({PDF, ".txt", ".md", ".markdown", ".rst", ".csv", ".log"})
LARGEST = 5 * 2**20
"""Bytes of a document."""
LONGEST_PASSAGE = 500
"""Characters."""
MOST_PASSAGES = 3
"""That are quoted for an answer."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """A passage of a document."""

    document: str
    passage: str
    page: int = 0
    """From 1; 0 where the document has none."""


def _create_passages(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE VIRTUAL TABLE passages USING fts5 (document UNINDEXED, page UNINDEXED, passage,"
        " tokenize = 'porter unicode61 remove_diacritics 2')"
    )


class Documents:
    """Kept until the program ends, or they are forgotten. Thread-safe."""

    def __init__(self) -> None:
        self._database = Database(IN_MEMORY, (_create_passages,))

    def read(self, path: Path) -> int:
        """Read a text or PDF file in place of one of the same name; returns how many passages it
        has. May take seconds; raises InputInvalid."""
        passages = [
            (path.name, page, each) for page, text in _pages_of(path) for each in _passages(text)
        ]
        if not passages:
            raise InputInvalid(f"{path.name} has no text.", "Choose another file.")
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM passages WHERE document = ?", (path.name,))
            connection.executemany(
                "INSERT INTO passages (document, page, passage) VALUES (?, ?, ?)", passages
            )
        return len(passages)

    def related(self, text: str, most: int = MOST_PASSAGES) -> list[Quotation]:
        """Return the passages that a question is probably about, the nearest first."""
        words = search_words(text)
        if not words:
            return []
        query = " OR ".join(f'"{word}"' for word in words)
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT document, passage, page FROM passages WHERE passages MATCH ?"
                " ORDER BY bm25(passages) LIMIT ?",
                (query, most),
            ).fetchall()
        return [Quotation(document, passage, page) for document, passage, page in rows]

    def forget(self) -> None:
        """Forget all documents."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM passages")

    def close(self) -> None:
        self._database.close()


def _pages_of(path: Path) -> Pages:
    """Return the texts of a file's pages; that of a text file is page 0."""
    return pages_of(path) if path.suffix.lower() == PDF else [(0, _text_of(path))]


def _text_of(path: Path) -> str:
    if path.suffix.lower() not in ENDINGS:
        kinds = ", ".join(sorted(ENDINGS))
        raise InputInvalid(f"I can't read {path.name}.", f"I read files of text: {kinds}.")
    check_size(path, LARGEST)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    return decoded(content, path.name)


def _passages(text: str) -> Iterator[str]:
    """Split a text at paragraphs, and long ones at sentences."""
    held = ""
    for part in _parts(text):
        if held and len(held) + len(part) > LONGEST_PASSAGE:
            yield held
            held = ""
        held = f"{held} {part}".strip()
    if held:
        yield held


def _parts(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        flat = " ".join(paragraph.split())
        if len(flat) <= LONGEST_PASSAGE:
            yield from [flat] if flat else []
            continue
        for sentence in re.split(r"(?<=[.!?;:])\s", flat):
            for begin in range(0, len(sentence), LONGEST_PASSAGE):
                yield sentence[begin : begin + LONGEST_PASSAGE]
