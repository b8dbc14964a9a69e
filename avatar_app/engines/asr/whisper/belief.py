"""Belief: which texts a decoder made up, and what is left of one that repeats itself."""

from __future__ import annotations

import re
import zlib

NO_SPEECH = 0.6
"""Probability of silence from which a text that is unsure as well is dropped."""
UNSURE = -1.0
"""Mean log-probability of a text's tokens below which it is doubted."""
REPEATING = 2.4
"""Times that a text can be compressed, from which on it says the same again and again."""
LONGEST_LOOP = 8
"""Words that a decoder says again and again."""
LEAST_TWICE = 2
"""Words whose repetition at the end is doubted."""
_MARKS = re.compile(r"[^\w]+")


def compression(text: str) -> float:
    """How many times smaller the text gets."""
    written = text.encode()
    return len(written) / len(zlib.compress(written))


def repeats(text: str) -> bool:
    """Do words follow themselves more often than anybody says them?"""
    return _loop_in(text.split()) is not None


def ends_twice(text: str) -> bool:
    """Does it end with some words that stand right before them as well? People say that now and
    then; a decoder says it of a sound that is over, and not again with more silence behind it."""
    plain = _plain(text.split())
    lengths = range(LEAST_TWICE, len(plain) // 2 + 1)
    return any(plain[-length:] == plain[-2 * length : -length] for length in lengths)


def until_repetition(words: list[str]) -> list[str]:
    """The words up to the end of what is said for the first time of a loop; all, without one."""
    loop = _loop_in(words)
    return words if loop is None else words[: sum(loop)]


def _loop_in(words: list[str]) -> tuple[int, int] | None:
    """Where the first loop begins and how many words it has; None if there is none."""
    plain = _plain(words)
    for start in range(len(plain)):
        for length in range(1, LONGEST_LOOP + 1):
            first, rounds = plain[start : start + length], _suspicious(length)
            if plain[start : start + length * rounds] == first * rounds:
                return start, length
    return None


def _plain(words: list[str]) -> list[str]:
    return [_MARKS.sub("", word).casefold() for word in words]


def _suspicious(length: int) -> int:
    """How many times in a row nobody says so many words: "no no no" and "come on, come on, come
    on" are said."""
    return 4 if length <= 2 else 3
