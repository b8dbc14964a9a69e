"""When what was said sounded: stored turns as subtitles on one time line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from avatar_app.core.events import TurnEnded
from avatar_app.media.subtitles import Subtitle
from avatar_app.storage.stored_turns import StoredTurn

BETWEEN_RUNS = 2.0
"""Seconds between two runs of the program in which a conversation was led, however many days lay
between them."""
WORD_SECONDS = 0.4
"""Length of a word where no time was stored."""
SHORTEST = 0.5
"""Seconds of a subtitle."""


def timeline(turns: Sequence[StoredTurn], user: str, avatar: str) -> tuple[Subtitle, ...]:
    """What was said and heard, oldest first, from second 0 on; `user` and `avatar`: their names.

    Times are those of the marks; where a turn has none (it was typed, or stored by an early
    version) words take WORD_SECONDS each. Subtitles do not overlap.
    """
    subtitles: list[Subtitle] = []
    for _, run in groupby(turns, key=lambda each: each.session):
        at = subtitles[-1].end + BETWEEN_RUNS if subtitles else 0.0
        subtitles += _of_run([each.turn for each in run], at, user, avatar)
    return tuple(subtitles)


def _of_run(turns: list[TurnEnded], at: float, user: str, avatar: str) -> Iterator[Subtitle]:
    said = [piece for turn in turns for piece in _pieces(turn, user, avatar)]
    if not said:
        return
    start, end, *_ = said[0]
    first = start if start is not None else (end or 0.0) - _length(said[0][2])
    latest = at
    for start, end, text, speaker in said:
        begun = latest if start is None else max(latest, start - first + at)
        if start is None and end is not None:
            begun = max(latest, end - first + at - _length(text))
        over = begun + _length(text) if end is None else max(end - first + at, begun + SHORTEST)
        yield Subtitle(begun, over, text, speaker)
        latest = over


def _pieces(
    turn: TurnEnded, user: str, avatar: str
) -> Iterator[tuple[float | None, float | None, str, str]]:
    """Start and end by the session's clock, where they were stored; what, and who."""
    marks = turn.marks
    if turn.user_text:
        stopped = marks.get("user_stopped", marks.get("end_of_turn"))
        yield marks.get("user_started"), stopped, turn.user_text, user
    if turn.heard_text:
        yield marks.get("first_sound"), marks.get("ended"), turn.heard_text, avatar


def _length(text: str) -> float:
    return max(SHORTEST, WORD_SECONDS * len(text.split()))
