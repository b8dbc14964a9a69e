"""Stored conversations: list, search, read, rename, pin, delete with undo."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from avatar_app.core.errors import InputInvalid
from avatar_app.storage.history_file import HistoryFile
from avatar_app.storage.search_words import Passage, SearchWords, passage_of
from avatar_app.storage.stored_turns import StoredTurn, read_turns
from avatar_app.storage.timestamps import format_timestamp
from avatar_app.storage.titles import LONGEST_TITLE, title_from

T = TypeVar("T")

PAGE = 60
"""Turns that are read at once: laid out in less than the time between two pictures."""
_LONGEST_TURN, _ROUNDED = timedelta(hours=1), timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """What a list shows of a conversation."""

    id: int
    title: str
    """The user's, or the first sentence they said."""
    pinned: bool
    began: datetime
    """When its first turn ended, aware of the time zone."""
    ended: datetime
    seconds: float
    """How long was talked: from the first turn to the last of each run of the program."""
    turns: int
    passage: Passage
    """What was said last, or what was searched for."""
    title_marks: tuple[tuple[int, int], ...] = ()
    """Where in the title stands what was searched for."""
    hits: int = 0
    """Turns in which it was found."""
    first_hit: int = 0
    """Number of the first of them."""


@dataclass(frozen=True, slots=True)
class _Times:
    """When a conversation was led."""

    began: str
    ended: str
    seconds: float
    turns: int


class ConversationStore:
    """All conversations of a history; may be used from any thread.

    Conversations hold at least one turn of the user: a greeting that nobody answered is not listed.
    """

    def __init__(self, file: HistoryFile) -> None:
        self._file = file

    def list(self) -> tuple[ConversationSummary, ...]:
        """All that are not deleted, pinned ones first, then the latest."""
        return self._read(_summaries, ())

    def search(self, text: str) -> tuple[ConversationSummary, ...]:
        """Those whose title or turns hold the words of `text`, in the order of `list`; nothing
        to search for finds all."""
        words = SearchWords(text)
        if not words.words and not words.literal:
            return self.list()
        return self._read(lambda of: _found(of, words), ())

    def where_said(self, sentence: str) -> int | None:
        """Return the conversation in which the user said a sentence last; None where it is not
        stored."""
        words = " ".join(sentence.split())
        return self._read(lambda of: _conversation_with(of, words), None) if words else None

    def find(self, id: int) -> ConversationSummary:
        """One conversation; InputInvalid if it is not stored."""
        found = next((each for each in self.list() if each.id == id), None)
        if found is None:
            raise InputInvalid(
                f"There is no conversation {id}.", "`avatar-app history list` shows their numbers."
            )
        return found

    def turns(self, id: int, after: int = 0, limit: int = PAGE) -> tuple[StoredTurn, ...]:
        """The next `limit` turns of a conversation behind the turn with the number `after`."""
        clauses = "WHERE conversation = ? AND number > ? ORDER BY number LIMIT ?"
        return self._read(lambda of: tuple(read_turns(of, clauses, (id, after, limit))), ())

    def last_turns(self, id: int, limit: int, before: int | None = None) -> tuple[StoredTurn, ...]:
        """The last `limit` turns of a conversation (before the turn with the number `before`),
        oldest first."""
        clauses = "WHERE conversation = ? AND (?2 IS NULL OR number < ?2)"
        values = (id, before, limit)
        latest = f"{clauses} ORDER BY number DESC LIMIT ?"
        return self._read(lambda of: tuple(read_turns(of, latest, values)[::-1]), ())

    def all_turns(self, id: int) -> tuple[StoredTurn, ...]:
        """Every turn of a conversation."""
        return self.turns(id, limit=-1)

    def rename(self, id: int, title: str) -> None:
        """Give it a title; an empty one brings the first sentence back."""
        wanted = " ".join(title.split())[:LONGEST_TITLE]
        self._change("UPDATE conversations SET title = ? WHERE id = ?", (wanted, id))

    def pin(self, id: int, *, pinned: bool) -> None:
        """Keep it at the top of the list, or no more."""
        self._change("UPDATE conversations SET pinned = ? WHERE id = ?", (pinned, id))

    def delete(self, id: int) -> None:
        """Put it aside: `restore` brings it back until `erase_deleted` is called."""
        now = format_timestamp(datetime.now(UTC))
        self._change("UPDATE conversations SET deleted_at = ? WHERE id = ?", (now, id))

    def restore(self, id: int) -> None:
        """Undo `delete`."""
        self._change("UPDATE conversations SET deleted_at = '' WHERE id = ?", (id,))

    def deleted(self) -> set[int]:
        """Return the conversations that were put aside."""
        found = "SELECT id FROM conversations WHERE deleted_at != ''"
        return self._read(lambda of: {id for (id,) in of.execute(found)}, set())

    def at(self, moment: datetime) -> int | None:
        """Return the conversation, put aside or not, whose turn had just ended at a moment."""
        times = (format_timestamp(moment + each) for each in (-_LONGEST_TURN, _ROUNDED))
        found = (
            "SELECT conversation FROM turns WHERE started_at BETWEEN ? AND ?"
            " ORDER BY started_at DESC, number DESC LIMIT 1"
        )
        row = self._read(lambda of: of.execute(found, tuple(times)).fetchone(), None)
        return None if row is None else int(row[0])

    def erase_deleted(self, ids: Iterable[int] | None = None) -> int:
        """Erase for good what was deleted (of `ids`; None: all); returns how many turns."""
        deleted = "conversation IN (SELECT id FROM conversations WHERE deleted_at != ''"
        if ids is None:
            return self._file.erase(f"{deleted})", ())
        wanted = tuple(ids)
        marks = ", ".join("?" * len(wanted))
        return self._file.erase(f"{deleted} AND id IN ({marks}))", wanted)

    def _read(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        return self._file.run(work, otherwise)

    def _change(self, statement: str, values: tuple[object, ...]) -> None:
        self._file.run(lambda of: of.execute(statement, values), None)


_SAID = "FROM turns WHERE conversation = conversations.id"
_SUMMARIES = f"""
    SELECT id, title, pinned,
        (SELECT user_text {_SAID} AND user_text != '' ORDER BY number LIMIT 1) AS first_words,
        (SELECT iif(heard_text = '', user_text, heard_text) {_SAID} ORDER BY number DESC LIMIT 1),
        (SELECT max(number) {_SAID}) AS latest
    FROM conversations WHERE deleted_at = '' AND first_words IS NOT NULL
    ORDER BY pinned DESC, latest DESC
"""


def _summaries(connection: sqlite3.Connection) -> tuple[ConversationSummary, ...]:
    times = _times(connection)
    rows: list[tuple[Any, ...]] = connection.execute(_SUMMARIES).fetchall()
    return tuple(
        ConversationSummary(
            id=id,
            title=title or title_from(first_words),
            pinned=bool(pinned),
            began=datetime.fromisoformat(times[id].began),
            ended=datetime.fromisoformat(times[id].ended),
            seconds=times[id].seconds,
            turns=times[id].turns,
            passage=passage_of(last_words),
        )
        for id, title, pinned, first_words, last_words, _ in rows
    )


def _times(connection: sqlite3.Connection) -> dict[int, _Times]:
    runs: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
    query = (
        "SELECT conversation, min(started_at), max(started_at), count(*) FROM turns"
        " GROUP BY conversation, session"
    )
    for id, began, ended, count in connection.execute(query):
        runs[id].append((began, ended, count))
    return {
        id: _Times(
            min(began for began, _, _ in of),
            max(ended for _, ended, _ in of),
            sum(_seconds(began, ended) for began, ended, _ in of),
            sum(count for _, _, count in of),
        )
        for id, of in runs.items()
    }


def _seconds(began: str, ended: str) -> float:
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()


def _found(connection: sqlite3.Connection, words: SearchWords) -> tuple[ConversationSummary, ...]:
    hits = _hits(connection, words)
    found = []
    for summary in _summaries(connection):
        hit = hits.get(summary.id, _NO_HIT)
        if not all(one.matches(summary.title) or one in hit.words for one in words.each):
            continue
        passage = _passage(connection, hit.first, words) if hit.count else summary.passage
        marks = words.marks(summary.title)
        found.append(
            replace(
                summary,
                passage=passage,
                title_marks=marks,
                hits=hit.count,
                first_hit=hit.first,
            )
        )
    return tuple(found)


@dataclass(slots=True)
class _Hit:
    """Where in a conversation something was found."""

    count: int = 0
    """Turns."""
    first: int = 0
    """Number of the first turn in which all was found, or else any of it."""
    words: set[SearchWords] = field(default_factory=set)
    """What was found."""


_NO_HIT = _Hit()


def _hits(connection: sqlite3.Connection, words: SearchWords) -> dict[int, _Hit]:
    hits: dict[int, _Hit] = defaultdict(_Hit)
    for one in words.each:
        for id, _, _ in _turns_with(connection, one, one.all_of_them):
            hits[id].words.add(one)
    for id, count, first in _turns_with(connection, words, words.any_of_them):
        hits[id].count, hits[id].first = count, first
    for id, _, first in _turns_with(connection, words, words.all_of_them):
        hits[id].first = first
    return hits


def _conversation_with(connection: sqlite3.Connection, sentence: str) -> int | None:
    found = connection.execute(
        "SELECT conversation FROM turns WHERE instr(folded(user_text), ?) AND conversation IN"
        " (SELECT id FROM conversations WHERE deleted_at = '') ORDER BY number DESC LIMIT 1",
        (sentence.casefold(),),
    ).fetchone()
    return found[0] if found else None


def _turns_with(
    connection: sqlite3.Connection, words: SearchWords, query: str
) -> list[tuple[int, int, int]]:
    """Of each conversation in which it is found: its id, in how many turns, and the first."""
    chosen = "SELECT conversation, count(*), min(number) FROM turns"
    if query:
        indexed = f"{chosen} JOIN turn_words ON number = turn_words.rowid WHERE turn_words MATCH ?"
        return connection.execute(f"{indexed} GROUP BY conversation", (query,)).fetchall()
    folded = "instr(folded(user_text), ?1) OR instr(folded(heard_text), ?1)"
    literally = f"{chosen} WHERE {folded} GROUP BY conversation"
    return connection.execute(literally, (words.literal,)).fetchall()


def _passage(connection: sqlite3.Connection, number: int, words: SearchWords) -> Passage:
    """From the words of the user or of the answer, whichever holds more of it."""
    query = "SELECT user_text, heard_text FROM turns WHERE number = ?"
    texts = connection.execute(query, (number,)).fetchone()
    return max(map(words.passage, texts), key=lambda passage: len(passage.marks))
